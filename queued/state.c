/*
 * Counters in sets of eight, found by a hash of the key and its window; in a
 * full set the one that counts least gives way, and of those the one that
 * was added to longest ago.  So a flood of keys costs no more memory, and to
 * make a counter forget n takes some n * COUNTERS_MAX other events within
 * its window.  Half of the sets are of counters with a home, which give way
 * to those of their home and few others.
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
#include "keyed.h"
#include "log.h"
#include "xmalloc.h"

#include "disk.h"
#include "durable.h"
#include "state_file.h"
#include "work.h"

#define WAYS	8
#define SETS	((uint64_t)COUNTERS_MAX / WAYS)
#define HOMES	(SETS / 2)	/* sets below are of those without one */
#define AGAIN_MS	10000	/* after a write that failed */

struct counter {
	uint64_t	 hash;		/* of key and window; 0: free */
	uint64_t	 began_ms;	/* of the window */
	uint64_t	 used_ms;	/* when it was added to */
	uint32_t	 now, before;	/* in this window, in the one before */
	uint32_t	 window_s;
	bool		 changed;	/* since it was written */
};

static struct counter	 (*sets)[WAYS];
static uint8_t		 key[KEYED_KEY];
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

static uint32_t
window_of(struct counter_name name)
{
	return name.window_s != 0 ? name.window_s : 1;
}

/* Its last bits are the number of its set; never 0. */
static uint64_t
hash_of(struct counter_name name)
{
	uint64_t	 hash, set;

	hash = keyed_hash_with(key, name.key.p, name.key.n) ^
	    window_of(name) * UINT64_C(0x9e3779b97f4a7c15);
	set = name.home.n != 0 ? HOMES +
	    keyed_hash_with(key, name.home.p, name.home.n) % HOMES :
	    hash % HOMES;
	return ((hash | SETS) & ~(SETS - 1)) + set;
}

static void
turn_window(struct counter *c, uint64_t now)
{
	uint64_t	 window = (uint64_t)c->window_s * 1000, windows;

	windows = now > c->began_ms ? (now - c->began_ms) / window : 0;
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

/* What it says now. */
static uint32_t
value(struct counter *c, uint64_t now)
{
	uint64_t	 window = (uint64_t)c->window_s * 1000, gone;

	if (c->hash == 0)
		return 0;
	turn_window(c, now);
	gone = now > c->began_ms ? now - c->began_ms : 0;
	return saturate(c->now + c->before * (window - gone) / window);
}

static struct counter *
find(uint64_t hash)
{
	struct counter	*set = sets[hash % SETS];

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].hash == hash)
			return &set[i];
	return NULL;
}

static bool
goes_first(struct counter *a, struct counter *b, uint64_t now)
{
	uint32_t	 va = value(a, now), vb = value(b, now);

	return va != vb ? va < vb : a->used_ms < b->used_ms;
}

/* Finds it, or makes it in the place of the one that is missed least. */
static struct counter *
enter(uint64_t hash, uint32_t window_s)
{
	struct counter	*set = sets[hash % SETS], *c = find(hash);
	uint64_t	 now = now_ms();

	if (c != NULL)
		return c;
	c = set;
	for (size_t i = 1; i < WAYS; i++)
		if (goes_first(&set[i], c, now))
			c = &set[i];
	n_changed -= c->changed;
	*c = (struct counter){ .hash = hash, .began_ms = now,
	    .window_s = window_s };
	return c;
}

static void	 changed(struct counter *);

uint32_t
state_count(struct counter_name name, uint32_t add)
{
	struct counter	*c;
	uint64_t	 now;

	if (make_sets() == -1)
		return add;
	now = now_ms();
	c = add != 0 ? enter(hash_of(name), window_of(name)) :
	    find(hash_of(name));
	if (c == NULL)
		return 0;
	turn_window(c, now);
	c->now = saturate((uint64_t)c->now + add);
	if (add != 0) {
		c->used_ms = now;
		changed(c);
	}
	return value(c, now);
}

void
state_take_back(struct counter_name name)
{
	struct counter	*c = sets != NULL ? find(hash_of(name)) : NULL;

	if (c == NULL)
		return;
	turn_window(c, now_ms());
	/* its window may have ended meanwhile */
	if (c->now != 0)
		c->now--;
	else if (c->before != 0)
		c->before--;
	changed(c);
}

void
state_forget(struct counter_name name)
{
	struct counter	*c = sets != NULL ? find(hash_of(name)) : NULL;

	if (c == NULL)
		return;
	c->now = c->before = 0;
	changed(c);
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

/* One that has come to nothing need not be in the next snapshot. */
static bool
is_kept(struct counter *c, bool all)
{
	return all ? value(c, now_ms()) != 0 : c->changed;
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
		bool		 kept = is_kept(c, all);

		/* also what is left out: n_changed is of all of them */
		c->changed = false;
		if (!kept)
			continue;
		list[(*n)++] = (struct state_entry){ c->hash, c->began_ms,
		    c->window_s, c->now, c->before };
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
	struct counter	*c;

	if (e->hash == 0 || e->window_s == 0)
		return;
	c = enter(e->hash, e->window_s);
	c->began_ms = c->used_ms = e->began_ms;
	c->now = e->now;
	c->before = e->before;
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
