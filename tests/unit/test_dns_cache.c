/*
 * The cache under a clock that stands still: expiry, bounds, and what is
 * still good when servers fail.
 */
#include "cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <sodium.h>

#include "clock.h"

#define NOW_MS	5000000

static struct question
question(enum dns_type type, const char *name)
{
	struct question	 q;

	assert_int_equal(question_of(&q, type, str_of(name)), 0);
	return q;
}

static void
put(struct cache *c, enum dns_type type, const char *name,
    enum names_result result, uint32_t ttl_s)
{
	struct question	 q = question(type, name);
	struct answer	*a = answer_none(result, DNSSEC_INSECURE, ttl_s,
			    NULL);

	cache_put(c, &q, a);
	answer_unref(&a);
}

static bool
has(struct cache *c, enum dns_type type, const char *name)
{
	struct question	 q = question(type, name);

	return cache_get(c, &q) != NULL;
}

static bool
has_stale(struct cache *c, enum dns_type type, const char *name)
{
	struct question	 q = question(type, name);

	return cache_get_stale(c, &q) != NULL;
}

static void
test_expiry(void **state)
{
	struct cache	 c;

	(void)state;
	clock_hold(NOW_MS, 0);
	cache_init(&c, 100);
	put(&c, DNS_A, "a.example", NAMES_NONE, 60);
	put(&c, DNS_A, "zero.example", NAMES_NONE, 0);
	assert_true(has(&c, DNS_A, "A.Example"));
	assert_false(has(&c, DNS_AAAA, "a.example"));
	assert_false(has(&c, DNS_A, "b.example"));
	assert_false(has(&c, DNS_A, "zero.example"));
	clock_hold(NOW_MS + 59999, 0);
	assert_true(has(&c, DNS_A, "a.example"));
	clock_hold(NOW_MS + 60000, 0);
	assert_false(has(&c, DNS_A, "a.example"));
	put(&c, DNS_A, "a.example", NAMES_NONE, 60);
	assert_true(has(&c, DNS_A, "a.example"));
	put(&c, DNS_A, "a.example", NAMES_NONE, 0);
	assert_false(has(&c, DNS_A, "a.example"));
	cache_clear(&c);
}

static void
test_stale(void **state)
{
	struct cache	 c;

	(void)state;
	clock_hold(NOW_MS, 0);
	cache_init(&c, 100);
	put(&c, DNS_MX, "a.example", NAMES_NONE, 60);
	put(&c, DNS_TLSA, "a.example", NAMES_NONE, 60);
	put(&c, DNS_MX, "f.example", NAMES_FAILED, 60);
	clock_hold(NOW_MS + 61000, 0);
	assert_false(has_stale(&c, DNS_TLSA, "a.example"));
	assert_false(has_stale(&c, DNS_MX, "f.example"));
	assert_false(has(&c, DNS_MX, "a.example"));
	assert_true(has_stale(&c, DNS_MX, "a.example"));
	/* good for a while, without asking */
	assert_true(has(&c, DNS_MX, "a.example"));
	clock_hold(NOW_MS + 61000 + CACHE_STALE_AGAIN_MS, 0);
	assert_false(has(&c, DNS_MX, "a.example"));
	clock_hold(NOW_MS + 60000 + CACHE_STALE_MS - 1, 0);
	assert_true(has_stale(&c, DNS_MX, "a.example"));
	clock_hold(NOW_MS + 60000 + CACHE_STALE_MS, 0);
	assert_false(has_stale(&c, DNS_MX, "a.example"));
	cache_clear(&c);
}

static void
name_of(char text[32], unsigned i)
{
	snprintf(text, 32, "n%u.example", i);
}

static void
test_bound(void **state)
{
	struct cache	 c;
	char		 text[32];

	(void)state;
	clock_hold(NOW_MS, 0);
	cache_init(&c, 100);
	for (unsigned i = 0; i < 1000; i++) {
		name_of(text, i);
		put(&c, DNS_A, text, NAMES_NONE, 60);
		assert_true(has(&c, DNS_A, "n0.example"));	/* in use */
		assert_true(c.n <= 100);
	}
	assert_int_equal(c.n, 100);
	assert_false(has(&c, DNS_A, "n1.example"));
	assert_false(has(&c, DNS_A, "n900.example"));
	assert_true(has(&c, DNS_A, "n901.example"));
	cache_resize(&c, 10);
	assert_int_equal(c.n, 10);
	assert_true(has(&c, DNS_A, "n999.example"));
	cache_resize(&c, 1000);
	assert_true(has(&c, DNS_A, "n999.example"));
	cache_resize(&c, 0);
	assert_int_equal(c.n, 0);
	assert_int_equal(c.size, 0);
	put(&c, DNS_A, "a.example", NAMES_NONE, 60);
	assert_false(has(&c, DNS_A, "a.example"));
	cache_clear(&c);
}

/* Large answers count by what they take. */
static void
test_octets(void **state)
{
	static char	 octets[10000];
	struct record	 r = { .data = { octets, sizeof(octets) } };
	struct question	 q;
	struct answer	*a;
	struct cache	 c;
	char		 text[32];

	(void)state;
	clock_hold(NOW_MS, 0);
	cache_init(&c, 100);
	for (unsigned i = 0; i < 100; i++) {
		name_of(text, i);
		q = question(DNS_TXT, text);
		a = answer_new(DNSSEC_INSECURE, 60, &r, 1);
		cache_put(&c, &q, a);
		answer_unref(&a);
	}
	assert_in_range(c.n, 5, 11);
	assert_true(has(&c, DNS_TXT, "n99.example"));
	cache_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_octets),
	};

	return sodium_init() == -1 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL);
}
