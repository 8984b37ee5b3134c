/*
 * The arithmetic of waiting.
 */
#include "retry.h"

#include <string.h>

#define ROUNDING_S	2	/* the two clocks tick at different moments */

static uint32_t
jitter(uint32_t delay, uint32_t chance)
{
	uint64_t	 span = (uint64_t)delay * JITTER_PERCENT / 100;

	return (uint32_t)(delay - span + chance % (2 * span + 1));
}

uint32_t
retry_delay(const struct retry *r, unsigned tries, uint32_t chance)
{
	uint64_t	 delay = r->min_s;

	while (tries > 1 && delay < r->max_s) {
		delay *= 2;
		tries--;
	}
	if (delay > r->max_s)
		delay = r->max_s;
	delay = jitter((uint32_t)delay, chance);
	return delay != 0 ? (uint32_t)delay : 1;
}

bool
retry_is_greylisted(unsigned tries, unsigned reply_code, const char *status,
    unsigned status_len)
{
	if (tries != 0 || reply_code / 100 != 4)
		return false;
	return reply_code == 450 || reply_code == 451 ||
	    (status_len == 5 && memcmp(status, "4.7.1", 5) == 0);
}

static uint64_t
wall_age(const struct age *a)
{
	return a->wall > a->arrived ? a->wall - a->arrived : 0;
}

bool
retry_is_expired(const struct retry *r, const struct age *a)
{
	uint32_t	 here = r->expire_s;

	if (a->found && here > EXPIRE_GRACE_S)
		here = EXPIRE_GRACE_S;
	return wall_age(a) >= r->expire_s && a->here + ROUNDING_S >= here;
}

uint32_t
retry_clamp(const struct retry *r, const struct age *a, uint32_t delay_s)
{
	uint64_t	 age = wall_age(a);

	if (age < r->expire_s && delay_s > r->expire_s - age)
		delay_s = (uint32_t)(r->expire_s - age);
	return delay_s != 0 ? delay_s : 1;
}
