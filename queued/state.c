/*
 * Counters in sets of eight, found by a hash of the key and its window; in a
 * full set the one that was used longest ago gives way.  A flood of keys
 * makes limits forget, and costs no more memory.
 */
#include "state.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"

#include "keyed.h"

#define WAYS	8
#define SETS	(COUNTERS_MAX / WAYS)

struct counter {
	uint64_t	 hash;		/* of key and window; 0: free */
	uint64_t	 began_ms;	/* of the window */
	uint64_t	 used_ms;
	uint32_t	 now, before;	/* in this window, in the one before */
};

static struct counter	 (*sets)[WAYS];

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
	*oldest = (struct counter){ .hash = hash, .began_ms = clock_ms() };
	return oldest;
}

static void
turn_window(struct counter *c, uint64_t now, uint64_t window)
{
	uint64_t	 windows = (now - c->began_ms) / window;

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

uint32_t
state_count(struct str key, uint32_t add, uint32_t window_s)
{
	uint64_t	 now = clock_ms(), gone;
	uint64_t	 window = (uint64_t)(window_s != 0 ? window_s : 1) *
	    1000;
	uint64_t	 hash = keyed_hash(key.p, key.n) ^ keyed_hash(&window,
	    sizeof(window));
	struct counter	*c;

	if (sets == NULL && (sets = calloc(SETS, sizeof(*sets))) == NULL)
		return add;
	c = find(hash != 0 ? hash : 1);
	turn_window(c, now, window);
	c->used_ms = now;
	c->now = saturate((uint64_t)c->now + add);
	gone = now - c->began_ms;
	return saturate(c->now + c->before * (window - gone) / window);
}

static void
on_count_add(struct peer *p, uint32_t id, const struct count_add *m)
{
	struct count	 answer = { state_count(m->key, m->add,
	    m->window_s) };

	peer_send(p, COUNT, id, &answer);
}

static void
state_start(void)
{
	proc_ready();
}

static void
state_stop(void)
{
	proc_exit(0);
}

static const struct handlers	 state_handlers = {
	.COUNT_ADD = on_count_add,
};

const struct proc_ops	 state_ops = {
	.program = "queued",
	.roles = STATE,
	.handlers = &state_handlers,
	.start = state_start,
	.stop = state_stop,
};
