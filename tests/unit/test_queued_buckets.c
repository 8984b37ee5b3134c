/*
 * The table that grows bucket by bucket: each item is found at every size of
 * it, whatever came and went, and chains stay short.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "buckets.h"

#define N	10000		/* beyond several doublings */
#define CHAIN	16		/* none so long, by a hash that spreads */

struct item {
	struct bucket_link	 link;
	uint64_t		 key;
};

static struct item	 items[N];

static uint64_t
spread(uint64_t key)
{
	key = (key + 1) * 0x9e3779b97f4a7c15u;
	return key ^ key >> 32;
}

static uint64_t
item_hash(const struct bucket_link *l)
{
	return spread(((const struct item *)(const void *)l)->key);
}

static uint64_t
all_the_same(const struct bucket_link *l)
{
	(void)l;
	return 7;
}

/* Whether it is there; how long its chain is is in *n. */
static bool
is_there(const struct buckets *b, uint64_t hash, const struct item *item,
    unsigned *n)
{
	struct bucket_link	**head = buckets_find(b, hash);
	bool			 found = false;

	*n = 0;
	if (head == NULL)
		return false;
	for (struct bucket_link *l = *head; l != NULL; l = l->next, ++*n)
		if (l == &item->link)
			found = true;
	return found;
}

static void
insert(struct buckets *b, size_t i)
{
	items[i].key = i;
	assert_int_equal(buckets_insert(b, &items[i].link), 0);
}

static void
test_found_at_every_size(void **state)
{
	struct buckets	 b = BUCKETS_INIT(item_hash);
	unsigned	 n;

	(void)state;
	assert_null(buckets_find(&b, 1));
	for (size_t i = 0; i < N; i++) {
		insert(&b, i);
		for (size_t k = i; k < N && k + 1 > i / 2; k -= 1 + i / 8)
			assert_true(is_there(&b, spread(k), &items[k], &n));
	}
	assert_true(b.n >= N);
	for (size_t i = 0; i < N; i++) {
		assert_true(is_there(&b, spread(i), &items[i], &n));
		assert_true(n < CHAIN);
	}
	free(b.heads);
}

static void
test_coming_and_going(void **state)
{
	struct buckets	 b = BUCKETS_INIT(item_hash);
	unsigned	 n;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		insert(&b, i);
		if (i % 3 != 0)
			buckets_remove(&b, &items[i - 1].link);
	}
	for (size_t i = 0; i < N - 1; i++)
		assert_int_equal(is_there(&b, spread(i), &items[i], &n),
		    i % 3 == 2);
	assert_int_equal(b.items, N - N / 3 * 2);
	free(b.heads);
}

/* Whoever could choose hashes would make it slow, and not wrong. */
static void
test_one_hash(void **state)
{
	struct buckets	 b = BUCKETS_INIT(all_the_same);
	unsigned	 n;

	(void)state;
	for (size_t i = 0; i < 2000; i++)
		insert(&b, i);
	for (size_t i = 0; i < 2000; i += 2)
		buckets_remove(&b, &items[i].link);
	assert_true(is_there(&b, 7, &items[1999], &n));
	assert_int_equal(n, 1000);
	assert_false(is_there(&b, 7, &items[0], &n));
	free(b.heads);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_found_at_every_size),
		cmocka_unit_test(test_coming_and_going),
		cmocka_unit_test(test_one_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
