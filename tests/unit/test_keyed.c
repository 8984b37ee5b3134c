/*
 * The keyed hash: SipHash-2-4 as its authors give it, and a key of the
 * process that is the same for all of its tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keyed.h"

/* The example of the paper "SipHash: a fast short-input PRF", appendix A. */
static void
test_vector(void **state)
{
	uint8_t	 key[KEYED_KEY], text[15];

	(void)state;
	for (uint8_t i = 0; i < KEYED_KEY; i++)
		key[i] = i;
	for (uint8_t i = 0; i < sizeof(text); i++)
		text[i] = i;
	assert_true(keyed_hash_with(key, text, sizeof(text)) ==
	    UINT64_C(0xa129ca6149be45e5));
}

static void
test_process(void **state)
{
	static const uint8_t	 zero[KEYED_KEY];

	(void)state;
	assert_true(keyed_hash("alice", 5) == keyed_hash("alice", 5));
	assert_true(keyed_hash("alice", 5) != keyed_hash("alice", 4));
	assert_true(keyed_hash("alice", 5) != keyed_hash("Alice", 5));
	assert_true(keyed_hash(NULL, 0) == keyed_hash("alice", 0));
	/* a key was drawn */
	assert_true(keyed_hash("alice", 5) != keyed_hash_with(zero, "alice",
	    5));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
