/*
 * Drives a spool in a temporary directory for the tests of queued's spool.
 * Messages are known by number; their content follows from it.  What was
 * acknowledged stands in a ledger that a child process which is cut off
 * shares with the test.
 */
#ifndef SPOOL_DRIVER_H
#define SPOOL_DRIVER_H

#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "log.h"
#include "segment.h"
#include "spool.h"
#include "work.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define LEDGER_MAX	4096

enum told { NOT_TOLD, TOLD_OK, TOLD_NO };

struct ledger_line {
	size_t			 size;		/* of its body */
	enum told		 stored, ended;
	enum store_result	 result;
	bool			 submitted, ending;
	unsigned		 moves;
	/* as the last start found it */
	unsigned		 found;
	bool			 held, warned, done;
	uint32_t		 tries;
	char			 reply[32];
	char			 via[2][32];	/* of each recipient */
	struct spool_place	 place;
	bool			 whole;		/* its content was right */
};

static struct ledger {
	struct ledger_line	 line[LEDGER_MAX];
} *ledger;

static struct event_base	*drv_base;
static struct spool_limits	 drv_limits = { 64 << 10, 0 };
static unsigned			 drv_waiting;
static bool			 drv_end_when_found;	/* number 0 */
static char			 drv_dir[64];
static char			*drv_memory;	/* content of the largest */

#define DRV_BODY_MAX	(3u << 20)
#define DRV_OWN_BODY	(LEDGER_MAX - 2) /* the test makes its content */

static inline void
drv_quiet(enum log_level level, const char *line, size_t n)
{
	if (getenv("SPOOL_TEST_LOG") != NULL)
		fprintf(stderr, "%s: %.*s\n", log_level_name(level), (int)n,
		    line);
}

/* --- what a message is --- */

static inline struct msgid
drv_id(unsigned k)
{
	struct msgid	 id = { { 0xa5 } };

	memcpy(id.b + 4, &k, sizeof(k));
	return id;
}

static inline unsigned
drv_number(const struct msgid *id)
{
	unsigned	 k;

	memcpy(&k, id->b + 4, sizeof(k));
	return k;
}

static inline const char *
drv_body(unsigned k, size_t n)
{
	if (drv_memory == NULL)
		drv_memory = malloc(DRV_BODY_MAX);
	if (k == DRV_OWN_BODY)
		return drv_memory;	/* as the test has filled it */
	for (size_t i = 0; i < n; i++)
		drv_memory[i] = (char)('a' + (i / 7 + k * 11 + i) % 26);
	return drv_memory;
}

static inline struct str
drv_header(unsigned k)
{
	static char	 text[64];

	snprintf(text, sizeof(text), "Subject: number %u\r\n\r\n", k);
	return str_of(text);
}

static inline struct envelope
drv_envelope(unsigned k)
{
	static const struct recipient	 rcpts[] = {
		{ .address = STR("one@example.org") },
		{ .address = STR("two@example.org"), .notify = NOTIFY_NEVER },
	};

	return (struct envelope){ .id = drv_id(k), .arrived = 1000 + k,
	    .sender = str_of("from@example.net"), .rcpts = rcpts,
	    .n_rcpts = COUNT(rcpts) };
}

/* --- the loop --- */

static inline void
drv_wait(void)
{
	while (drv_waiting != 0)
		event_base_loop(drv_base, EVLOOP_ONCE);
}

/* The same, but for a disk that may never answer. */
static inline void
drv_wait_ms(int ms)
{
	struct timeval	 tv = { 0, 1000 };

	for (; drv_waiting != 0 && ms > 0; ms--) {
		event_base_loopexit(drv_base, &tv);
		event_base_dispatch(drv_base);
	}
}

static inline void
drv_found(const struct spool_message *m)
{
	unsigned		 k = drv_number(&m->envelope->id);
	struct ledger_line	*l = &ledger->line[k];

	if (drv_end_when_found && k == 0)
		spool_result(&m->envelope->id, m->place, NULL, 0, true, NULL,
		    NULL);
	if (m->envelope->n_rcpts != 2 || m->rcpts[0].index != 0 ||
	    m->rcpts[1].index != 1)
		abort();
	l->found++;
	l->place = m->place;
	l->held = m->held;
	l->warned = m->warned;
	l->done = m->rcpts[1].state == SPOOL_DONE;
	l->tries = m->rcpts[0].tries;
	snprintf(l->reply, sizeof(l->reply), "%.*s",
	    STR_FMT(m->rcpts[0].reply));
	for (size_t i = 0; i < 2; i++)
		snprintf(l->via[i], sizeof(l->via[i]), "%.*s",
		    STR_FMT(m->vias != NULL ? m->vias[i] : STR_NONE));
}

/* what the cleaner wants to know, and tells */
static inline bool
drv_lives(const struct msgid *id, const struct spool_place *p)
{
	const struct ledger_line	*l = &ledger->line[drv_number(id)];

	return !l->ending && (l->stored == TOLD_OK || l->found != 0) &&
	    (p == NULL || (p->segment == l->place.segment &&
	    p->offset == l->place.offset));
}

static inline void
drv_moved(const struct msgid *id, struct spool_place p)
{
	ledger->line[drv_number(id)].place = p;
	ledger->line[drv_number(id)].moves++;
}

static inline int
drv_try_open(char *why, size_t size)
{
	log_set_sink(drv_quiet);
	spool_threads();
	spool_on_clean(drv_lives);
	spool_on_move(drv_moved);
	for (size_t i = 0; i < LEDGER_MAX; i++)
		ledger->line[i].found = 0;
	drv_base = event_base_new();
	return spool_open(drv_base, &drv_limits, drv_found, why, size);
}

static inline void
drv_open(void)
{
	char	 why[256] = "";

	if (drv_try_open(why, sizeof(why)) == -1)
		fail_msg("%s", why);
}

static inline void
drv_stopped(void)
{
	drv_waiting--;
}

/* what a process that ends in order does, and then what one does not do */
static inline void
drv_close(void)
{
	drv_waiting++;
	spool_stop(drv_stopped);
	drv_wait();
	spool_close();
	event_base_free(drv_base);
}

/* --- what is done to a message --- */

static inline void
drv_on_stored(void *arg, enum store_result r, const struct spool_place *p)
{
	struct ledger_line	*l = arg;

	drv_waiting--;
	l->result = r;
	if (p != NULL)
		l->place = *p;
	l->stored = r == STORE_OK ? TOLD_OK : TOLD_NO;
}

static inline void
drv_store(unsigned k, size_t size)
{
	struct ledger_line	*l = &ledger->line[k];
	struct envelope		 e = drv_envelope(k);
	const char		*body = drv_body(k, size);
	uint32_t		 large = 0;
	int			 fd;

	l->size = size;
	l->submitted = true;
	if (size > BODY_INLINE_MAX) {
		if ((fd = spool_large_open(&large)) == -1) {
			l->stored = TOLD_NO;
			return;
		}
		if (write(fd, body, size) != (ssize_t)size)
			fail_msg("%s", strerror(errno));
		close(fd);
	}
	drv_waiting++;
	spool_store(&e, drv_header(k), str_bytes(body, large ? 0 : size),
	    large, large ? size : 0, drv_on_stored, l);
}

static inline void
drv_on_ended(void *arg, bool durable)
{
	struct ledger_line	*l = arg;

	drv_waiting--;
	if (l->ending)
		l->ended = durable ? TOLD_OK : TOLD_NO;
}

static inline void
drv_end(unsigned k)
{
	struct msgid		 id = drv_id(k);
	const struct spool_rcpt	 r[] = {
		{ .index = 0, .state = SPOOL_DONE, .tries = 1 },
		{ .index = 1, .state = SPOOL_DONE, .tries = 1 },
	};

	ledger->line[k].ending = true;
	drv_waiting++;
	spool_result(&id, ledger->line[k].place, r, COUNT(r), true,
	    drv_on_ended, &ledger->line[k]);
}

static inline void
drv_defer(unsigned k, uint32_t tries, const char *reply)
{
	struct msgid		 id = drv_id(k);
	const struct spool_rcpt	 r = { .index = 0, .tries = tries,
	    .next_try = 5000, .code = str_of("4.4.1"),
	    .reply = str_of(reply) };

	drv_waiting++;
	spool_result(&id, ledger->line[k].place, &r, 1, false, drv_on_ended,
	    &ledger->line[k]);
}

static inline void
drv_mark(unsigned k, enum spool_mark mark)
{
	struct msgid	 id = drv_id(k);

	drv_waiting++;
	spool_mark(&id, ledger->line[k].place, mark, drv_on_ended,
	    &ledger->line[k]);
}

/* The first n recipients from that one on. */
static inline void
drv_route(unsigned k, uint16_t from, size_t n, const char *via)
{
	const uint16_t	 rcpts[2] = { from, (uint16_t)(from + 1) };
	struct msgid	 id = drv_id(k);

	drv_waiting++;
	spool_route(&id, ledger->line[k].place, rcpts, n, str_of(via),
	    drv_on_ended, &ledger->line[k]);
}

static inline bool
drv_fd_is(int fd, const char *want, size_t n)
{
	char	*got = malloc(n + 1);
	bool	 same;

	same = pread(fd, got, n + 1, 0) == (ssize_t)n &&
	    memcmp(got, want, n) == 0;
	free(got);
	close(fd);
	return same;
}

static inline void
drv_on_loaded(void *arg, const struct spool_content *c)
{
	struct ledger_line	*l = arg;
	unsigned		 k = (unsigned)(l - ledger->line);
	const char		*body = drv_body(k, l->size);

	drv_waiting--;
	l->whole = c != NULL && str_equal(c->header, drv_header(k));
	if (c != NULL && c->fd != -1)
		l->whole &= drv_fd_is(c->fd, body, l->size);
	else if (c != NULL)
		l->whole &= str_equal(c->body, str_bytes(body, l->size));
}

static inline bool
drv_is_whole(unsigned k)
{
	struct msgid	 id = drv_id(k);

	ledger->line[k].whole = false;
	drv_waiting++;
	spool_load(&id, ledger->line[k].place, drv_on_loaded,
	    &ledger->line[k]);
	drv_wait();
	return ledger->line[k].whole;
}

/* --- directories and processes --- */

static inline int
drv_setup_in(const char *where)
{
	ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(drv_dir, sizeof(drv_dir), "%s/test-spool.XXXXXX", where);
	if (ledger == MAP_FAILED || mkdtemp(drv_dir) == NULL)
		return -1;
	drv_limits = (struct spool_limits){ 64 << 10, 0 };
	return chdir(drv_dir);
}

static inline int
drv_setup(void **state)
{
	(void)state;
	return drv_setup_in("/tmp");
}

/* in memory, where there are very many starts */
static inline int
drv_setup_fast(void **state)
{
	(void)state;
	return drv_setup_in(access("/dev/shm", W_OK) == 0 ? "/dev/shm" :
	    "/tmp");
}

static inline int
drv_teardown(void **state)
{
	char	 command[128];

	(void)state;
	munmap(ledger, sizeof(*ledger));
	free(drv_memory);
	drv_memory = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", drv_dir);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

/*
 * Runs fn in a process of its own, which ends without a word when fn
 * returns, as if it had been killed.  Its exit status; -1: a signal.
 */
static inline int
drv_in_child(void (*fn)(void *), void *arg)
{
	int	 status;
	pid_t	 pid = fork();

	if (pid == 0) {
		alarm(120);
		drv_waiting = 0;
		fn(arg);
		_exit(0);
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A start, in a child: fills in what is found in the ledger. */
static inline void
drv_look(void *arg)
{
	char	 why[256] = "";

	(void)arg;
	if (drv_try_open(why, sizeof(why)) == -1)
		_exit(1);
	for (unsigned k = 0; k < LEDGER_MAX; k++)
		if (ledger->line[k].found != 0)
			drv_is_whole(k);
	drv_close();
}

/* How many of the first n messages are not as they were acknowledged. */
static inline unsigned
drv_errors(unsigned n, bool refused_may_live)
{
	unsigned	 errors = 0;

	for (unsigned k = 0; k < n; k++) {
		const struct ledger_line	*l = &ledger->line[k];
		bool				 wrong;

		wrong = l->found > 1 || (l->found == 1 && !l->whole) ||
		    (l->stored == TOLD_OK && !l->ending && l->found == 0) ||
		    (l->ended == TOLD_OK && l->found != 0) ||
		    (l->stored == TOLD_NO && l->found != 0 &&
		    !refused_may_live) ||
		    (!l->submitted && l->found != 0);
		if (wrong && getenv("SPOOL_TEST_LOG") != NULL)
			fprintf(stderr, "message %u: stored %d ending %d "
			    "ended %d found %u whole %d\n", k, l->stored,
			    l->ending, l->ended, l->found, l->whole);
		errors += wrong;
	}
	return errors;
}

#endif
