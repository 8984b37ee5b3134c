/*
 * Two counters and the rule of shares.
 */
#include "pool.h"

static unsigned	 n_out, n_local;

bool
pool_allows(unsigned size, unsigned used, unsigned in_flight)
{
	unsigned	 half = size / 2;

	if (used >= size)
		return false;
	return in_flight == 0 ||
	    (used < half && in_flight < (half - used) / 2);
}

bool
pool_has_room(const struct route *r)
{
	if (r->spec.transport == TRANSPORT_LOCAL)
		return pool_allows(TASKS_LOCAL_MAX, n_local, r->in_flight);
	return pool_allows(TASKS_OUT_MAX, n_out, r->in_flight);
}

bool
pool_is_full(enum transport transport)
{
	return transport == TRANSPORT_LOCAL ? n_local >= TASKS_LOCAL_MAX :
	    n_out >= TASKS_OUT_MAX;
}

void
pool_take(bool local)
{
	if (local)
		n_local++;
	else
		n_out++;
}

void
pool_give(bool local)
{
	if (local)
		n_local--;
	else
		n_out--;
}

unsigned
pool_used(void)
{
	return n_out + n_local;
}
