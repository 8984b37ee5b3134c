/*
 * Which pair of sockets is the latest between two children, and making
 * another in its place.
 */
#include "rejoin.h"

#include <event2/event.h>

#include <stdlib.h>

#include "bucket.h"
#include "log.h"
#include "master.h"
#include "mesh.h"
#include "xmalloc.h"

/* one that is broken may close its channels all the time */
static const struct bucket_rate	 rate = { 1, 10000, 3 };

/* a pair that was lost, until it is time for another */
struct rejoin {
	struct child	*by, *other;
	uint32_t	 by_generation, other_generation;
};

/* by their places, the lower one first */
static struct pair {
	uint32_t	 latest;	/* 0: none, or known to be lost */
	struct bucket	 bucket;
} pairs[PROCESSES_MAX][PROCESSES_MAX];
static uint32_t		 last_number;

static size_t
place(const struct child *c)
{
	return (size_t)(c - master.children);
}

static struct pair *
pair_of(const struct child *a, const struct child *b)
{
	size_t	 i = place(a), k = place(b);

	return i < k ? &pairs[i][k] : &pairs[k][i];
}

static uint32_t
wait_ms(struct pair *p)
{
	uint32_t	 ms = bucket_wait_ms(&p->bucket, &rate, 1);

	bucket_take(&p->bucket, &rate, 1);
	return ms > REJOIN_MS ? ms : REJOIN_MS;
}

uint32_t
rejoin_number(const struct child *a, const struct child *b)
{
	if (++last_number == 0)
		last_number = 1;
	pair_of(a, b)->latest = last_number;
	return last_number;
}

static bool
is_same_start(const struct child *c, uint32_t generation)
{
	return c->generation == generation && c->peer != NULL &&
	    c->pid != 0 && !c->killed && child_is_living(c);
}

static void
connect_again(struct child *by, struct child *other)
{
	log_error("channel-lost role=%s index=%u peer=%s[%u]: both live, they "
	    "are connected again", role_name(by->role), by->index,
	    role_name(other->role), other->index);
	mesh_connect(by->peer, other->peer, rejoin_number(by, other));
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	struct rejoin	*r = arg;

	(void)fd, (void)what;
	if (!master.stopping && is_same_start(r->by, r->by_generation) &&
	    is_same_start(r->other, r->other_generation))
		connect_again(r->by, r->other);
	free(r);
}

void
rejoin_lost(struct child *by, struct child *other, uint32_t pair)
{
	struct pair	*p = pair_of(by, other);
	struct rejoin	*r;
	struct timeval	 tv;
	uint32_t	 ms;

	if (by == other || pair == 0 || p->latest != pair)
		return;
	p->latest = 0;
	ms = wait_ms(p);
	tv = (struct timeval){ ms / 1000, (suseconds_t)(ms % 1000 * 1000) };
	r = xmalloc(sizeof(*r));
	*r = (struct rejoin){ by, other, by->generation, other->generation };
	if (event_base_once(master.base, -1, EV_TIMEOUT, on_time, r, &tv) == -1)
		free(r);
}
