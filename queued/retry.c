/*
 * The arithmetic of waiting.
 */
#include "retry.h"

#include <string.h>
#include <strings.h>

#define STATED_MAX_S	86400	/* more is no delay */
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

/* ---- what replies say -------------------------------------------------- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
starts(const char *p, const char *end, const char *word)
{
	size_t	 n = strlen(word);

	return (size_t)(end - p) >= n && strncasecmp(p, word, n) == 0;
}

/* Behind one of the words that a stated delay has before it, or NULL. */
static const char *
after_lead(const char *p, const char *end)
{
	static const char *const	 leads[] = { "in ", "after ",
	    "within ", "for ", "wait " };

	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (starts(p, end, leads[i]))
			return p + strlen(leads[i]);
	return NULL;
}

/* "5 minutes", "300s", "300 seconds": in seconds; 0 when it is none. */
static uint32_t
duration(const char *p, const char *end)
{
	uint32_t	 n = 0;

	if (p == end || !is_digit(*p))
		return 0;
	for (; p < end && is_digit(*p); p++)
		if (n < STATED_MAX_S)
			n = n * 10 + (uint32_t)(*p - '0');
	if (p < end && *p == ' ')
		p++;
	if (starts(p, end, "min"))
		n *= 60;
	else if (!starts(p, end, "sec") && !(starts(p, end, "s") &&
	    (end - p == 1 || p[1] == ' ' || p[1] == '.')))
		return 0;
	return n < STATED_MAX_S ? n : STATED_MAX_S;
}

uint32_t
retry_stated(const char *reply, size_t len)
{
	const char	*end = reply + len, *p;
	uint32_t	 s;

	for (const char *at = reply; at < end; at++) {
		if (at != reply && at[-1] != ' ')
			continue;
		if ((p = after_lead(at, end)) != NULL &&
		    (s = duration(p, end)) != 0)
			return s;
	}
	return 0;
}

uint32_t
retry_sooner(uint32_t delay_s, unsigned tries, const char *reply, size_t len)
{
	uint32_t	 s;

	if (tries > STATED_TRIES || (s = retry_stated(reply, len)) == 0 ||
	    s + STATED_MORE_S >= delay_s)
		return delay_s;
	return s + STATED_MORE_S;
}

/* ---- ages -------------------------------------------------------------- */

static uint64_t
wall_age(const struct age *a)
{
	return a->wall > a->arrived ? a->wall - a->arrived : 0;
}

bool
retry_is_older(const struct age *a, uint32_t s)
{
	uint32_t	 here = s;

	if (a->found && here > EXPIRE_GRACE_S)
		here = EXPIRE_GRACE_S;
	return wall_age(a) >= s && a->here + ROUNDING_S >= here;
}

bool
retry_is_expired(const struct retry *r, const struct age *a)
{
	return retry_is_older(a, r->expire_s);
}

uint32_t
retry_clamp(const struct retry *r, const struct age *a, uint32_t delay_s)
{
	uint64_t	 age = wall_age(a);

	if (age < r->expire_s && delay_s > r->expire_s - age)
		delay_s = (uint32_t)(r->expire_s - age);
	return delay_s != 0 ? delay_s : 1;
}
