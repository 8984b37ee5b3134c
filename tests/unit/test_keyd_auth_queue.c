/*
 * The queue of checks, with a hash that takes as long as the test wants and
 * is counted: work is the same for known and unknown users, the queue has an
 * end, what waited too long or for nobody is not computed.
 */
#include "auth_queue.h"
#include "auth_verify.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "clock.h"
#include "peer.h"

#define ALL	(AUTH_QUEUE_MAX + AUTH_THREADS)

static struct event_base	*base;
static struct peer		 here, there;
static struct auth_entry	 entry = {
	.cost.scheme = AUTH_CRYPT, .hash = STR("right"),
};

/* ---- a hash that waits ------------------------------------------------- */

static pthread_mutex_t	 lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t	 changed = PTHREAD_COND_INITIALIZER;
static unsigned		 n_begun, n_computed, may_compute;

bool
auth_verify(const struct auth_entry *e, struct str password)
{
	bool	 right = str_equal(e->hash, password);

	pthread_mutex_lock(&lock);
	n_begun++;
	pthread_cond_broadcast(&changed);
	while (may_compute == 0)
		pthread_cond_wait(&changed, &lock);
	may_compute--;
	n_computed++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return right;
}

static void
let_compute(unsigned n)
{
	pthread_mutex_lock(&lock);
	may_compute = n;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void
wait_begun(unsigned n)
{
	pthread_mutex_lock(&lock);
	while (n_begun < n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void
wait_computed(unsigned n)
{
	pthread_mutex_lock(&lock);
	while (n_computed < n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* ---- what is answered -------------------------------------------------- */

static unsigned			 n_answers, n_there;
static enum secret_result	 results[2 * ALL];

static void
on_answer(struct peer *p, uint32_t id, enum secret_result result)
{
	n_answers++;
	n_there += p == &there;
	assert_true(id < 2 * ALL);
	results[id] = result;
}

static void
wait_answers(unsigned n)
{
	while (n_answers < n)
		event_base_loop(base, EVLOOP_ONCE);
}

static bool
put(struct peer *p, uint32_t id, bool known, const char *password)
{
	return auth_queue_put(p, id, &entry, known, str_of(password));
}

static int
set_up(void **state)
{
	(void)state;
	n_begun = n_computed = n_answers = n_there = 0;
	may_compute = 0;
	memset(results, 0xff, sizeof(results));
	clock_hold(1000000, 1);
	if (base != NULL)
		return 0;
	auth_queue_start();
	base = event_base_new();
	return base != NULL ? auth_queue_attach(base, on_answer) : -1;
}

/* ---- tests ------------------------------------------------------------- */

static void
answers(void **state)
{
	(void)state;
	let_compute(3);
	assert_true(put(&here, 1, true, "right"));
	assert_true(put(&here, 2, true, "wrong"));
	assert_true(put(&here, 3, true, ""));
	wait_answers(3);
	assert_int_equal(results[1], SECRET_OK);
	assert_int_equal(results[2], SECRET_UNKNOWN);
	assert_int_equal(results[3], SECRET_UNKNOWN);
}

/* One computation for each, also where the answer is clear from the start. */
static void
auth_timing(void **state)
{
	(void)state;
	let_compute(10);
	for (uint32_t i = 0; i < 5; i++) {
		put(&here, 2 * i, true, "wrong");
		put(&here, 2 * i + 1, false, "right");
	}
	wait_answers(10);
	assert_int_equal(n_computed, 10);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(results[i], SECRET_UNKNOWN);
}

static void
auth_flood(void **state)
{
	uint32_t	 id = 0;

	(void)state;
	for (; id < AUTH_THREADS; id++)
		assert_true(put(&here, id, true, "right"));
	wait_begun(AUTH_THREADS);
	for (; id < ALL; id++)
		assert_true(put(&here, id, true, "right"));
	for (; id < 2 * ALL; id++)
		assert_false(put(&there, id, true, "right"));
	assert_int_equal(n_answers, 0);
	let_compute(ALL);
	wait_answers(ALL);
	assert_int_equal(n_computed, ALL);
	assert_int_equal(n_there, 0);
	/* and there is room again */
	let_compute(1);
	assert_true(put(&there, 0, true, "right"));
	wait_answers(ALL + 1);
}

static void
too_late(void **state)
{
	(void)state;
	for (uint32_t id = 0; id < AUTH_THREADS; id++)
		put(&here, id, true, "right");
	wait_begun(AUTH_THREADS);
	put(&here, 10, true, "right");
	clock_hold(1000000 + AUTH_WAIT_MS, 1);
	put(&here, 11, true, "right");
	clock_hold(1000000 + AUTH_WAIT_MS + 1, 1);
	let_compute(AUTH_THREADS + 2);
	wait_answers(AUTH_THREADS + 2);
	assert_int_equal(results[0], SECRET_OK);
	assert_int_equal(results[10], SECRET_BUSY);
	assert_int_equal(results[11], SECRET_OK);
	assert_int_equal(n_computed, AUTH_THREADS + 1);
}

static void
peer_lost(void **state)
{
	uint32_t	 id;

	(void)state;
	for (id = 0; id < AUTH_THREADS; id++)
		put(&there, id, true, "right");
	wait_begun(AUTH_THREADS);
	for (; id < ALL - 1; id++)
		put(&there, id, true, "right");
	assert_true(put(&here, id, true, "right"));
	assert_false(put(&here, id, true, "right"));
	auth_queue_lost(&there);
	assert_true(put(&here, id + 1, true, "right"));
	let_compute(AUTH_THREADS + 2);
	wait_answers(2);
	wait_computed(AUTH_THREADS + 2);
	assert_int_equal(n_there, 0);
	assert_int_equal(results[id], SECRET_OK);
	/* all places come back */
	for (id = 0; id < AUTH_QUEUE_MAX; id++)
		assert_true(put(&here, id, true, "right"));
	let_compute(AUTH_QUEUE_MAX);
	wait_answers(2 + AUTH_QUEUE_MAX);
	assert_int_equal(n_computed, AUTH_THREADS + 2 + AUTH_QUEUE_MAX);
}

static void
bounds(void **state)
{
	static char		 long_text[PASSWORD_MAX + 2];
	struct auth_entry	 e = entry;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	assert_false(put(&here, 1, true, long_text));
	long_text[PASSWORD_MAX] = '\0';
	let_compute(1);
	assert_true(put(&here, 1, true, long_text));
	wait_answers(1);
	e.hash = str_bytes(long_text, AUTH_HASH_MAX + 1);
	assert_false(auth_queue_put(&here, 1, &e, true, STR_NONE));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup(answers, set_up),
		cmocka_unit_test_setup(auth_timing, set_up),
		cmocka_unit_test_setup(auth_flood, set_up),
		cmocka_unit_test_setup(too_late, set_up),
		cmocka_unit_test_setup(peer_lost, set_up),
		cmocka_unit_test_setup(bounds, set_up),
	};

	alarm(120);	/* a check that never ends is a failure */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
