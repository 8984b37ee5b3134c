/*
 * Token buckets, kept as the time at which each would be full again: taking
 * a token moves it away by what a token takes to come back.
 */
#include "bucket.h"

#include "clock.h"

/* what n tokens take to come back; overflows at half a million years */
static uint64_t
cost_us(const struct bucket_rate *r, uint32_t n)
{
	uint64_t	 ms = (uint64_t)n * r->interval_ms;

	return ms / r->count * 1000 + ms % r->count * 1000 / r->count;
}

/* What lacks of the bucket now, as time. */
static uint64_t
lack_us(const struct bucket *b, uint64_t now)
{
	return b->full_at_us > now ? b->full_at_us - now : 0;
}

bool
bucket_take(struct bucket *b, const struct bucket_rate *r, uint32_t n)
{
	uint64_t	 now;

	if (bucket_wait_ms(b, r, n) != 0)
		return false;
	now = clock_us();
	if (r->count != 0)
		b->full_at_us = now + lack_us(b, now) + cost_us(r, n);
	return true;
}

void
bucket_give(struct bucket *b, const struct bucket_rate *r, uint32_t n)
{
	uint64_t	 cost = r->count != 0 ? cost_us(r, n) : 0;

	b->full_at_us -= cost < b->full_at_us ? cost : b->full_at_us;
}

uint32_t
bucket_wait_ms(const struct bucket *b, const struct bucket_rate *r, uint32_t n)
{
	uint64_t	 lack, most, wait;

	if (r->count == 0)
		return 0;
	if (n > r->burst)
		return UINT32_MAX;
	lack = lack_us(b, clock_us()) + cost_us(r, n);
	most = cost_us(r, r->burst);
	if (lack <= most)
		return 0;
	wait = (lack - most + 999) / 1000;
	return wait < UINT32_MAX ? (uint32_t)wait : UINT32_MAX;
}

bool
bucket_is_full(const struct bucket *b)
{
	return b->full_at_us <= clock_us();
}
