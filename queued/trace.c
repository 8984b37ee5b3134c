/*
 * Events gather in one chunk while another is being written; two are enough,
 * as one that is full waits for nobody: what does not fit is lost.
 */
#include "trace.h"

#include <string.h>

#include <event2/event.h>

#include "buf.h"
#include "clock.h"
#include "log.h"
#include "proc.h"
#include "wire.h"

#include "trace_file.h"
#include "trace_find.h"

#define CHUNK_GIVE	65536	/* given to the thread when there is so much */
#define CHUNK_MAX	(8 << 20)	/* what waits for a slow disk */
#define CHUNK_KEEP	(1 << 20)	/* memory that stays behind */
#define WARN_PAUSE_MS	60000	/* between two warnings */

static struct trace_chunk	 chunks[2] = {
	{ .data = BUF_INIT(CHUNK_MAX), .index = BUF_INIT(CHUNK_MAX) },
	{ .data = BUF_INIT(CHUNK_MAX), .index = BUF_INIT(CHUNK_MAX) },
};
static struct trace_chunk	*filling = &chunks[0];
static bool			 writing;	/* the other one is */
static bool			 on;
static struct event		*timer, *hourly;
static uint64_t			 lost, warned_ms;
static void			(*stopped)(void);

/* of the event in hand */
static bool			 open;
static size_t			 began, index_began;
static uint32_t			 n_attrs;

uint64_t
trace_lost(void)
{
	return lost;
}

bool
trace_is_off(void)
{
	return !on;
}

/* ---- writing ----------------------------------------------------------- */

static void
give_even_empty(void)
{
	struct trace_chunk	*c = filling;

	if (writing)
		return;
	evtimer_del(timer);
	writing = true;
	filling = c == &chunks[0] ? &chunks[1] : &chunks[0];
	filling->number = c->number + 1;
	trace_file_write(c);
}

static void
give(void)
{
	if (filling->data.len != 0)
		give_even_empty();
}

static void
warn(const struct trace_chunk *c)
{
	lost += c->n;
	if (warned_ms != 0 && clock_ms() - warned_ms < WARN_PAUSE_MS)
		return;
	warned_ms = clock_ms();
	log_warn("trace lost=%llu error=\"%s\"", (unsigned long long)lost,
	    c->error != 0 ? strerror(c->error) :
	    "the disk is nearly full");
}

static void
chunk_reset(struct trace_chunk *c)
{
	if (c->data.size > CHUNK_KEEP)
		buf_clear(&c->data);
	buf_reset(&c->data);
	buf_reset(&c->index);
	c->n = 0;
}

void
trace_written(struct trace_chunk *c)
{
	void	(*done)(void) = stopped;

	if (!c->written)
		warn(c);
	chunk_reset(c);
	writing = false;
	trace_find_go(c->number);
	if (filling->data.len >= CHUNK_GIVE || (stopped != NULL &&
	    filling->data.len != 0))
		give();
	else if (stopped != NULL) {
		stopped = NULL;
		done();
	} else if (filling->data.len != 0)
		trace_late(0);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	give();
}

void
trace_late(unsigned ms)
{
	const struct timeval	 tv = { 0, (long)ms * 1000 };

	if (!evtimer_pending(timer, NULL))
		evtimer_add(timer, &tv);
}

/* An empty chunk has no file begun, only the old ones removed. */
void
trace_hour(void)
{
	static const struct timeval	 hour = { TRACE_FILE_S, 0 };

	evtimer_add(hourly, &hour);
	if (on && filling->data.len == 0)
		give_even_empty();
}

static void
on_hour(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	trace_hour();
}

uint64_t
trace_flush(void)
{
	if (filling->data.len != 0) {
		give();
		return writing && filling->data.len == 0 ?
		    filling->number - 1 : filling->number;
	}
	return writing ? filling->number - 1 : 0;
}

void
trace_use(const struct conf *conf)
{
	if (timer == NULL) {
		timer = evtimer_new(proc_base(), on_timer, NULL);
		hourly = evtimer_new(proc_base(), on_hour, NULL);
		if (timer == NULL || hourly == NULL)
			fatal("trace: no memory for its timers");
		filling->number = 1;
		trace_hour();
	}
	on = conf->trace_keep_s != 0;
	if (on)
		trace_file_begin();
	trace_file_limits(conf->trace_keep_s, conf->trace_max,
	    conf->spool_reserve);
}

void
trace_stop(void (*done)(void))
{
	on = false;
	give();
	if (writing)
		stopped = done;
	else
		done();
}

/* ---- events ------------------------------------------------------------ */

void
trace_begin(enum trace_kind kind, const struct msgid *id)
{
	struct trace_chunk	*c = filling;

	open = on;
	if (!open)
		return;
	began = c->data.len;
	index_began = c->index.len;
	n_attrs = 0;
	buf_put(&c->index, id->b, MSGID_LEN);
	wire_put_u32(&c->index, (uint32_t)began);
	wire_put_u32(&c->data, 0);		/* its length, when known */
	buf_put(&c->data, id->b, MSGID_LEN);
	wire_put_u64(&c->data, clock_wall_ms());
	wire_put_u8(&c->data, (uint8_t)kind);
	wire_put_u32(&c->data, 0);		/* how many attributes */
}

void
trace_text(enum trace_key key, struct str s)
{
	if (!open || s.n == 0 || n_attrs == TRACE_ATTRS_MAX)
		return;
	if (s.n > TRACE_VALUE_MAX)
		s.n = TRACE_VALUE_MAX;
	n_attrs++;
	wire_put_u8(&filling->data, (uint8_t)key);
	wire_put_str(&filling->data, s);
}

/* Of n, in front of end: where they begin. */
static char *
digits_of(uint64_t n, char *end)
{
	do
		*--end = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	return end;
}

void
trace_number(enum trace_key key, uint64_t n)
{
	char	 digits[20], *end = digits + sizeof(digits), *p;

	if (!open)
		return;
	p = digits_of(n, end);
	trace_text(key, str_bytes(p, (size_t)(end - p)));
}

/* Put together by hand, as each message has some. */
void
trace_rule(const struct origin *o)
{
	char	 text[FILE_NAME_MAX + 24], *end = text + sizeof(text), *p;

	if (!open || o == NULL || o->file.n == 0 ||
	    o->file.n > FILE_NAME_MAX)
		return;
	p = digits_of(o->line, end);
	*--p = ':';
	p -= o->file.n;
	memcpy(p, o->file.p, o->file.n);
	trace_text(KEY_RULE, str_bytes(p, (size_t)(end - p)));
}

/* What did not fit is taken back. */
static void
give_back(struct trace_chunk *c)
{
	c->data.failed = c->index.failed = false;
	buf_truncate(&c->data, began);
	buf_truncate(&c->index, index_began);
	lost++;
}

void
trace_end(void)
{
	struct trace_chunk	*c = filling;
	uint8_t			*at;

	if (!open)
		return;
	open = false;
	if (c->data.failed || c->index.failed) {
		give_back(c);
		return;
	}
	at = (uint8_t *)buf_data(&c->data) + began;
	wire_set32(at, (uint32_t)(c->data.len - began));
	wire_set32(at + TRACE_HEAD - 4, n_attrs);
	c->n++;
	if (c->data.len >= CHUNK_GIVE)
		give();
	else
		trace_late(TRACE_LATE_MS);
}

void
trace_note(enum trace_kind kind, const struct msgid *id)
{
	trace_begin(kind, id);
	trace_end();
}
