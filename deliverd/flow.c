/*
 * Additive increase, multiplicative decrease.
 */
#include "flow.h"

uint32_t
flow_limit(const struct flow *f, uint32_t max)
{
	uint32_t	 limit = f->limit != 0 ? f->limit : FLOW_FIRST;

	return limit < max ? limit : max;
}

void
flow_good(struct flow *f, uint32_t max)
{
	uint32_t	 limit = flow_limit(f, max);

	if (++f->good < limit)
		return;
	f->good = 0;
	f->limit = limit < max ? limit + 1 : max;
}

void
flow_bad(struct flow *f, uint32_t max, uint64_t now_ms)
{
	uint32_t	 limit = flow_limit(f, max);

	f->good = 0;
	if (f->bad_ms != 0 && now_ms - f->bad_ms < FLOW_ONCE_MS)
		return;
	f->bad_ms = now_ms;
	f->limit = limit > 1 ? limit / 2 : 1;
}
