/*
 * What queued's middle stands on, faked for its tests: a spool in memory
 * whose records become durable when the test says so, peers that write down
 * what they are sent, a configuration, and clocks that stand still.  Included
 * once, by a test program.
 */
#ifndef QUEUE_FAKES_H
#define QUEUE_FAKES_H

#include <sys/mman.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cdb.h>
#include <cmocka.h>
#include <event2/event.h>

#include "clock.h"
#include "log.h"
#include "peer.h"
#include "proc.h"

#include "durable.h"
#include "router.h"
#include "spool.h"
#include "work.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define FAKES_MAX	256	/* of each kind */
#define FAKE_WALL	1000000000

/* ---- the clocks, the loop, the process --------------------------------- */

static struct event_base	*fake_base;
static struct conf		 fake_conf;
static int			 fake_tables[TABLES_MAX];
static uint64_t			 fake_ms;
static time_t			 fake_wall;

static inline void
fake_time(uint64_t ms)
{
	fake_ms += ms;
	fake_wall = FAKE_WALL + (time_t)(fake_ms / 1000);
	clock_hold(fake_ms, fake_wall);
}

/* Lets everything happen that is due at once. */
static inline void
fake_run(void)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(fake_base, EVLOOP_NONBLOCK);
}

struct event_base *
proc_base(void)
{
	return fake_base;
}

const struct conf *
proc_conf(void)
{
	return &fake_conf;
}

int
proc_table(unsigned table)
{
	return fake_tables[table];
}

struct peer *
proc_master(void)
{
	return NULL;
}

bool
proc_stopping(void)
{
	return false;
}

/* ---- peers ------------------------------------------------------------- */

struct fake_sent {
	struct peer	*to;
	enum message	 type;
	uint32_t	 id;
	union {
		struct route_wake	 wake;
		struct job		 job;
		struct mail_stored	 stored;
		struct rcpt_answer	 answer;	/* the first, its text
							 * in text */
		struct mail_known	 known;
		struct queue_changed	 changed;
		uint32_t		 kept[16];
	};
	size_t		 n_kept;
	size_t		 n_rcpts;
	uint16_t	 rcpts[JOB_RCPTS_MAX];
	/* QUEUE_ROWS, MAIL_SHOWN */
	bool		 more;
	uint64_t	 cursor;
	size_t		 n_rows;
	struct msgid	 rows[QUEUE_ROWS_MAX];
	uint64_t	 not_before, next_try;	/* of the first row */
	enum show_result show;
	char		 text[512];	/* the first row, for people */
};

static struct fake_sent	 fake_sent[FAKES_MAX];
static size_t		 fake_n_sent;
static const char	*fake_fault;

/* "sender rcpt route state reply" */
static inline void
fake_note_row(struct fake_sent *s, const struct queue_row *row)
{
	const struct queue_rcpt	*r = &row->rcpts[0];

	s->not_before = row->not_before;
	s->next_try = r->next_try;
	snprintf(s->text, sizeof(s->text), "%.*s %.*s %.*s %u %.*s",
	    STR_FMT(row->sender), STR_FMT(r->address), STR_FMT(r->route),
	    r->state, STR_FMT(r->reply));
}

static inline void
fake_note_rows(struct fake_sent *s, const struct queue_rows *m)
{
	s->more = m->more;
	s->cursor = m->cursor;
	s->n_rows = m->n_rows;
	for (size_t i = 0; i < m->n_rows; i++)
		s->rows[i] = m->rows[i].id;
	if (m->n_rows != 0)
		fake_note_row(s, &m->rows[0]);
}

/* "value messages/recipients;" for each */
static inline void
fake_note_counts(struct fake_sent *s, const struct queue_counted *m)
{
	size_t	 n = 0;

	s->n_rows = m->n_rows;
	for (size_t i = 0; i < m->n_rows && n < sizeof(s->text); i++)
		n += (size_t)snprintf(s->text + n, sizeof(s->text) - n,
		    "%.*s %u/%u;", STR_FMT(m->rows[i].value),
		    (unsigned)m->rows[i].messages,
		    (unsigned)m->rows[i].recipients);
}

/* "kind key=value,key=value;" for each */
static inline void
fake_note_trace(struct fake_sent *s, const struct trace *m)
{
	size_t	 n = 0;

	s->show = m->result;
	s->more = m->more;
	s->n_rows = m->n_events;
	for (size_t i = 0; i < m->n_events && n < sizeof(s->text) - 64; i++) {
		const struct trace_event	*e = &m->events[i];

		n += (size_t)snprintf(s->text + n, sizeof(s->text) - n, "%s",
		    trace_kind_name(e->kind));
		for (size_t k = 0; k < e->n_attrs &&
		    n < sizeof(s->text) - 64; k++)
			n += (size_t)snprintf(s->text + n,
			    sizeof(s->text) - n, "%c%s=%.*s",
			    k == 0 ? ' ' : ',',
			    trace_key_name(e->attrs[k].key),
			    STR_FMT(e->attrs[k].value));
		n += (size_t)snprintf(s->text + n, sizeof(s->text) - n, ";");
	}
}

static inline void
fake_note(struct fake_sent *s, union payload_pointer x)
{
	switch (s->type) {
	case MSG_ROUTE_WAKE:
		s->wake = *x.ROUTE_WAKE;
		break;
	case MSG_JOB:
		s->job = *x.JOB;
		s->n_rcpts = x.JOB->n_rcpts;
		for (size_t i = 0; i < s->n_rcpts; i++)
			s->rcpts[i] = x.JOB->rcpts[i].index;
		break;
	case MSG_JOB_KEPT:
		s->n_kept = x.JOB_KEPT->n_jobs;
		for (size_t i = 0; i < s->n_kept && i < COUNT(s->kept); i++)
			s->kept[i] = x.JOB_KEPT->jobs[i].job;
		break;
	case MSG_RCPT_CHECKED:
		s->n_rcpts = x.RCPT_CHECKED->n_answers;
		s->answer = x.RCPT_CHECKED->answers[0];
		snprintf(s->text, sizeof(s->text), "%u %.*s %.*s",
		    s->answer.code, STR_FMT(s->answer.status),
		    STR_FMT(s->answer.text));
		for (size_t i = 0; i < s->n_rcpts; i++)
			s->rcpts[i] = (uint16_t)
			    x.RCPT_CHECKED->answers[i].verdict;
		break;
	case MSG_MAIL_STORED:
		s->stored = *x.MAIL_STORED;
		break;
	case MSG_QUEUE_ROWS:
		fake_note_rows(s, x.QUEUE_ROWS);
		break;
	case MSG_QUEUE_CHANGED:
		s->changed = *x.QUEUE_CHANGED;
		break;
	case MSG_MAIL_SHOWN:
		s->show = x.MAIL_SHOWN->result;
		if (s->show == SHOW_OK)
			fake_note_row(s, &x.MAIL_SHOWN->row);
		break;
	case MSG_QUEUE_COUNTED:
		fake_note_counts(s, x.QUEUE_COUNTED);
		break;
	case MSG_MAIL_CONTENT:
		s->show = x.MAIL_CONTENT->result;
		s->n_rows = x.MAIL_CONTENT->body.n;
		break;
	case MSG_TRACE:
		fake_note_trace(s, x.TRACE);
		break;
	case MSG_MAIL_KNOWN:
		s->known = *x.MAIL_KNOWN;
		break;
	default:
		break;
	}
}

int
peer_send_any(struct peer *p, enum message type, uint32_t id, int fd,
    union payload_pointer x)
{
	struct fake_sent	*s = &fake_sent[fake_n_sent];

	if (fd != -1)
		close(fd);
	if (p->down)
		return -1;
	assert_true(fake_n_sent < FAKES_MAX);
	fake_n_sent++;
	*s = (struct fake_sent){ .to = p, .type = type, .id = id };
	fake_note(s, x);
	return 0;
}

/* What was asked of a worker; its strings are good until the next. */
struct fake_ask {
	struct peer		*to;
	enum message		 type;
	struct route_wake	 route;
	char			 next_hop[DOMAIN_MAX + 1];
	char			 rcpt[ADDRESS_MAX + 1];
	pending_lost		 lost;
	void			*asker;
};

static struct fake_ask	 fake_asks[FAKES_MAX];
static size_t		 fake_n_asks;

uint32_t
peer_ask_any(struct peer *p, enum message type, int fd,
    union payload_pointer x, pending_lost lost, void *asker,
    uint32_t timeout_ms)
{
	struct fake_ask	*a = &fake_asks[fake_n_asks];

	(void)fd, (void)timeout_ms;
	if (p->down)
		return 0;
	assert_true(type == MSG_VERIFY_ASK && fake_n_asks < FAKES_MAX);
	*a = (struct fake_ask){ .to = p, .type = type, .lost = lost,
	    .asker = asker, .route = x.VERIFY_ASK->route };
	snprintf(a->next_hop, sizeof(a->next_hop), "%.*s",
	    STR_FMT(a->route.next_hop));
	snprintf(a->rcpt, sizeof(a->rcpt), "%.*s",
	    STR_FMT(x.VERIFY_ASK->rcpt));
	return (uint32_t)++fake_n_asks;
}

void
peer_fault(struct peer *p, const char *what)
{
	p->down = true;
	fake_fault = what;
}

int
peer_take_fd(struct peer *p)
{
	(void)p;
	return -1;
}

/* Takes the first message of that type out of what was sent. */
static inline bool
fake_take(enum message type, struct fake_sent *out)
{
	for (size_t i = 0; i < fake_n_sent; i++) {
		if (fake_sent[i].type != type)
			continue;
		*out = fake_sent[i];
		memmove(&fake_sent[i], &fake_sent[i + 1],
		    (--fake_n_sent - i) * sizeof(fake_sent[0]));
		return true;
	}
	return false;
}

/* ---- the spool --------------------------------------------------------- */

struct fake_mail {
	struct envelope	 envelope;
	struct arena	 arena;
	struct str	 header, body;
	bool		 gone;
};

struct fake_record {
	struct msgid	 id;
	size_t		 n;
	struct spool_rcpt rcpts[JOB_RCPTS_MAX];
	bool		 gone;
	spool_done	 done;
	void		*arg;
};

static struct fake_mail		 fake_mails[FAKES_MAX];
static size_t			 fake_n_mails;
static struct fake_record	 fake_records[FAKES_MAX];
static size_t			 fake_n_records, fake_n_durable;
static enum store_result	 fake_space;	/* STORE_OK: it takes mail */
static bool			 fake_slow;	/* loads wait for fake_load */
static bool			 fake_no_room;	/* for results */
static unsigned			 fake_marks[MARK_WARNED + 1];
static unsigned			 fake_n_vias;	/* ROUTE records; the last: */
static char			 fake_via[NEXTHOP_TEXT_MAX + 1];
static size_t			 fake_via_rcpts;

static struct {
	struct fake_mail	*mail;
	spool_envelope		 envelope;
	spool_loaded		 loaded;
	void			*arg;
} fake_loads[FAKES_MAX];
static size_t			 fake_n_loads;

static inline struct fake_mail *
fake_mail_find(const struct msgid *id)
{
	for (size_t i = 0; i < fake_n_mails; i++)
		if (msgid_equal(&fake_mails[i].envelope.id, id))
			return &fake_mails[i];
	return NULL;
}

static inline void
fake_mail_add(const struct envelope *e, struct str header, struct str body)
{
	struct fake_mail	*m = &fake_mails[fake_n_mails++];
	struct recipient	*rcpts;

	assert_true(fake_n_mails < FAKES_MAX);
	m->arena = (struct arena)ARENA_INIT(1 << 20);
	m->envelope = *e;
	m->envelope.sender = arena_str(&m->arena, e->sender);
	m->envelope.envid = arena_str(&m->arena, e->envid);
	m->header = arena_str(&m->arena, header);
	m->body = arena_str(&m->arena, body);
	rcpts = arena_calloc(&m->arena, e->n_rcpts, sizeof(*rcpts));
	for (size_t i = 0; i < e->n_rcpts; i++) {
		rcpts[i] = e->rcpts[i];
		rcpts[i].address = arena_str(&m->arena, e->rcpts[i].address);
	}
	m->envelope.rcpts = rcpts;
	m->gone = false;
}

enum store_result
spool_accepts(void)
{
	return fake_space;
}

bool
spool_may_deliver(void)
{
	return !fake_no_room;
}

int
spool_large_open(uint32_t *large)
{
	*large = 77;
	return dup(STDERR_FILENO);
}

void
spool_large_drop(uint32_t large)
{
	(void)large;
}

void
spool_store(const struct envelope *e, struct str header, struct str body,
    uint32_t large, uint64_t large_size, spool_stored stored, void *arg)
{
	static const struct spool_place	 place = { 1, 4096 };

	(void)large, (void)large_size;
	if (fake_space == STORE_OK)
		fake_mail_add(e, header, body);
	stored(arg, fake_space, fake_space == STORE_OK ? &place : NULL);
}

void
spool_result(const struct msgid *id, struct spool_place place,
    const struct spool_rcpt *rcpts, size_t n, bool gone, spool_done done,
    void *arg)
{
	struct fake_record	*r = &fake_records[fake_n_records++];

	(void)place;
	assert_true(fake_n_records < FAKES_MAX && n <= JOB_RCPTS_MAX);
	*r = (struct fake_record){ .id = *id, .n = n, .gone = gone,
	    .done = done, .arg = arg };
	if (n != 0)
		memcpy(r->rcpts, rcpts, n * sizeof(*rcpts));
	if (gone && fake_mail_find(id) != NULL)
		fake_mail_find(id)->gone = true;
}

/* Tells of all records that they are durable, or that they are not. */
static inline void
fake_sync(bool durable)
{
	for (; fake_n_durable < fake_n_records; fake_n_durable++)
		if (fake_records[fake_n_durable].done != NULL)
			fake_records[fake_n_durable].done(
			    fake_records[fake_n_durable].arg, durable);
}

void
spool_mark(const struct msgid *id, struct spool_place place,
    enum spool_mark mark, spool_done done, void *arg)
{
	(void)id, (void)place;
	fake_marks[mark]++;
	if (done != NULL)
		done(arg, true);
}

void
spool_route(const struct msgid *id, struct spool_place place,
    const uint16_t *rcpts, size_t n, struct str via, spool_done done,
    void *arg)
{
	(void)place, (void)rcpts;
	assert_true(fake_n_records < FAKES_MAX);
	fake_records[fake_n_records++] = (struct fake_record){ .id = *id,
	    .done = done, .arg = arg };
	fake_n_vias++;
	fake_via_rcpts = n;
	snprintf(fake_via, sizeof(fake_via), "%.*s", STR_FMT(via));
}

static inline void
fake_load_one(struct fake_mail *m, spool_envelope envelope,
    spool_loaded loaded, void *arg)
{
	struct spool_content	 c = { m != NULL ? m->header : STR_NONE,
	    m != NULL ? m->body : STR_NONE, -1 };

	if (envelope != NULL)
		envelope(arg, m != NULL ? &m->envelope : NULL, NULL);
	else
		loaded(arg, m != NULL ? &c : NULL);
}

static inline void
fake_load_or_wait(const struct msgid *id, spool_envelope envelope,
    spool_loaded loaded, void *arg)
{
	struct fake_mail	*m = fake_mail_find(id);

	if (!fake_slow) {
		fake_load_one(m, envelope, loaded, arg);
		return;
	}
	assert_true(fake_n_loads < FAKES_MAX);
	fake_loads[fake_n_loads].mail = m;
	fake_loads[fake_n_loads].envelope = envelope;
	fake_loads[fake_n_loads].loaded = loaded;
	fake_loads[fake_n_loads++].arg = arg;
}

void
spool_load(const struct msgid *id, struct spool_place place,
    spool_loaded loaded, void *arg)
{
	(void)place;
	fake_load_or_wait(id, NULL, loaded, arg);
}

void
spool_load_envelope(const struct msgid *id, struct spool_place place,
    spool_envelope envelope, void *arg)
{
	(void)place;
	fake_load_or_wait(id, envelope, NULL, arg);
}

/* The oldest load that waits comes back. */
static inline void
fake_load(void)
{
	struct fake_mail	*m = fake_loads[0].mail;
	spool_envelope		 envelope = fake_loads[0].envelope;
	spool_loaded		 loaded = fake_loads[0].loaded;
	void			*arg = fake_loads[0].arg;

	assert_true(fake_n_loads > 0);
	memmove(&fake_loads[0], &fake_loads[1],
	    --fake_n_loads * sizeof(fake_loads[0]));
	fake_load_one(m, envelope, loaded, arg);
}

/* ---- logs -------------------------------------------------------------- */

static char	 fake_log[16384];

static inline void
fake_log_sink(enum log_level level, const char *line, size_t n)
{
	size_t	 len = strlen(fake_log);

	(void)level;
	if (len + n + 2 < sizeof(fake_log))
		snprintf(fake_log + len, sizeof(fake_log) - len, "%.*s\n",
		    (int)n, line);
}

static inline bool
fake_logged(const char *text)
{
	bool	 is = strstr(fake_log, text) != NULL;

	if (is)
		fake_log[0] = '\0';
	return is;
}

static inline void
fakes_set_up(void)
{
	if (fake_base == NULL)
		fake_base = event_base_new();
	memset(fake_tables, -1, sizeof(fake_tables));
	fake_conf = (struct conf){ .hostname = STR("mx.example.org"),
	    .bounce_expire_s = 86400, .bounce_body_max = 1000,
	    .out_workers = 1 };
	fake_space = STORE_OK;
	log_set_sink(fake_log_sink);
	fake_time(fake_ms == 0 ? 1000 : 0);
}

/* ---- tables, routes, a directory --------------------------------------- */

/* A compiled table with these rows; the last is of NULL. */
static inline int
fake_table(const char *const (*rows)[2])
{
	struct cdb_make	 m;
	int		 fd = memfd_create("table", 0);

	assert_int_equal(cdb_make_start(&m, fd), 0);
	for (; (*rows)[0] != NULL; rows++)
		assert_int_equal(cdb_make_add(&m, (*rows)[0],
		    (unsigned)strlen((*rows)[0]), (*rows)[1],
		    (unsigned)strlen((*rows)[1])), 0);
	assert_int_equal(cdb_make_finish(&m), 0);
	return fd;
}

/* From now on mail goes as the configuration says. */
static inline void
fake_use_router(void)
{
	char		 why[TEXT_MAX];
	struct router	*r = router_new(&fake_conf, why, sizeof(why));

	assert_non_null(r);
	router_use(r);
}

/* For tests with files: an empty directory that is the spool's, and the
 * threads that write there. */
static inline void
fake_enter_spool(void)
{
	char	 dir[] = "/tmp/test-queued.XXXXXX";

	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	spool_dirs.root = open(".", O_RDONLY | O_DIRECTORY);
	work_start();
	assert_int_equal(work_attach(fake_base), 0);
}

static inline int
fake_leave_spool(void **state)
{
	char	 dir[64], cmd[96];

	(void)state;
	assert_non_null(getcwd(dir, sizeof(dir)));
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	assert_int_equal(chdir("/"), 0);
	return system(cmd);
}

#endif
