/*
 * Counters in sets of eight, found by a hash of the key and its window; in a
 * full set the one that was used longest ago gives way.  A flood of keys
 * makes limits forget, and costs no more memory.
 *
 * Times are those of the wall clock at the start, and go on as intervals do:
 * so they may be kept over a restart, and no jump of the clock ends or
 * stretches a window meanwhile.
 */
#include "state.h"

#include <fcntl.h>
#include <stdlib.h>

#include <event2/event.h>
#include <sodium.h>

#include "clock.h"
#include "log.h"
#include "xmalloc.h"

#include "disk.h"
#include "durable.h"
#include "state_file.h"
#include "work.h"

#define WAYS	8
#define SETS	(COUNTERS_MAX / WAYS)
#define AGAIN_MS	10000	/* after a write that failed */

struct counter {
	uint64_t	 hash;		/* of key and window; 0: free */
	uint64_t	 began_ms;	/* of the window */
	uint64_t	 used_ms;
	uint32_t	 now, before;	/* in this window, in the one before */
	bool		 changed;	/* since it was written */
};

static struct counter	 (*sets)[WAYS];
static uint8_t		 key[STATE_KEY];
static uint64_t		 began_ms, began_wall_ms;	/* two clocks */

static struct event	*timer;		/* NULL: nothing is kept */
static size_t		 n_changed;
static bool		 writing, all_next = true;
static void		(*ended)(void);

/* ---- counting ---------------------------------------------------------- */

static uint64_t
now_ms(void)
{
	return began_wall_ms + (clock_ms() - began_ms);
}

static void
begin_time(void)
{
	began_ms = clock_ms();
	began_wall_ms = clock_wall_ms();
	randombytes_buf(key, sizeof(key));
}

static int
make_sets(void)
{
	if (sets != NULL)
		return 0;
	if ((sets = calloc(SETS, sizeof(*sets))) == NULL)
		return -1;
	begin_time();
	return 0;
}

static uint64_t
hash_of(struct str s, uint64_t window)
{
	uint64_t	 hash;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)
	    (s.n != 0 ? s.p : ""), s.n, key);
	hash ^= window * UINT64_C(0x9e3779b97f4a7c15);
	return hash != 0 ? hash : 1;
}

static struct counter *
find(uint64_t hash)
{
	struct counter	*set = sets[hash % SETS], *oldest = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].hash == hash)
			return &set[i];
		if (set[i].used_ms < oldest->used_ms)
			oldest = &set[i];
	}
	n_changed -= oldest->changed;
	*oldest = (struct counter){ .hash = hash, .began_ms = now_ms() };
	return oldest;
}

static void
turn_window(struct counter *c, uint64_t now, uint64_t window)
{
	uint64_t	 windows = now > c->began_ms ?
	    (now - c->began_ms) / window : 0;

	if (windows == 0)
		return;
	c->before = windows == 1 ? c->now : 0;
	c->now = 0;
	c->began_ms += windows * window;
}

static uint32_t
saturate(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static void	 changed(struct counter *);

uint32_t
state_count(struct str text, uint32_t add, uint32_t window_s)
{
	uint64_t	 window = (uint64_t)(window_s != 0 ? window_s : 1) *
	    1000, now, gone;
	struct counter	*c;

	if (make_sets() == -1)
		return add;
	now = now_ms();
	c = find(hash_of(text, window));
	turn_window(c, now, window);
	c->used_ms = now;
	c->now = saturate((uint64_t)c->now + add);
	if (add != 0)
		changed(c);
	gone = now > c->began_ms ? now - c->began_ms : 0;
	return saturate(c->now + c->before * (window - gone) / window);
}

/* ---- keeping ----------------------------------------------------------- */

static void
arm(unsigned ms)
{
	const struct timeval	 tv = { ms / 1000, ms % 1000 * 1000 };

	if (!writing && !evtimer_pending(timer, NULL))
		evtimer_add(timer, &tv);
}

static void
changed(struct counter *c)
{
	if (c->changed || timer == NULL)
		return;
	c->changed = true;
	n_changed++;
	arm(STATE_LATE_MS);
}

static bool
is_kept(const struct counter *c, bool all)
{
	return c->hash != 0 && (all || c->changed);
}

/* Those that changed, or all; of malloc. */
static struct state_entry *
gather(bool all, size_t *n)
{
	size_t			 max = all ? COUNTERS_MAX : n_changed;
	struct state_entry	*list = xcalloc(max + 1, sizeof(*list));

	*n = 0;
	for (size_t i = 0; i < COUNTERS_MAX && *n < max; i++) {
		struct counter	*c = &sets[i / WAYS][i % WAYS];

		if (!is_kept(c, all))
			continue;
		c->changed = false;
		list[(*n)++] = (struct state_entry){ c->hash, c->began_ms,
		    c->now, c->before };
	}
	n_changed = 0;
	return list;
}

static void	 on_written(bool);

static void
write_out(void)
{
	bool			 all = all_next || state_file_is_long();
	struct state_entry	*list;
	size_t			 n;

	list = gather(all, &n);
	writing = true;
	all_next = false;
	state_file_write(list, n, all, on_written);
}

static void
on_written(bool durable)
{
	void	(*done)(void) = ended;

	writing = false;
	all_next = !durable;
	if (done == NULL) {
		if (!durable)
			arm(AGAIN_MS);
		else if (n_changed != 0)
			arm(STATE_LATE_MS);
	} else if (n_changed != 0 && durable)
		write_out();
	else
		done();
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	write_out();
}

/* A time that is to come is of a clock that was wrong: ours goes on there. */
static void
restore(const struct state_entry *e)
{
	struct counter	*c = find(e->hash);

	*c = (struct counter){ .hash = e->hash, .began_ms = e->began_ms,
	    .used_ms = e->began_ms, .now = e->now, .before = e->before };
	if (e->began_ms > began_wall_ms)
		began_wall_ms = e->began_ms;
}

void
state_begin(struct event_base *base)
{
	if (make_sets() == -1)
		fatal("counters: no memory for them");
	timer = evtimer_new(base, on_timer, NULL);
	if (timer == NULL || work_attach(base) == -1)
		fatal("counters: no memory for a timer");
	spool_dirs.root = disk_open(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
	state_file_load(key, restore);
}

void
state_keep(void)
{
	if (writing)
		return;
	evtimer_del(timer);
	write_out();
}

void
state_end(void (*done)(void))
{
	ended = done;
	if (writing)
		return;
	evtimer_del(timer);
	if (n_changed != 0)
		write_out();
	else
		done();
}
