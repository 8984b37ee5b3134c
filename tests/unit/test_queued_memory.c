/*
 * The spool when memory runs out: at each place that asks for some, of a start
 * and of a life with cleaning in it, one time or another.  Whoever asked is
 * told, or the process ends; nothing acknowledged is lost, nothing refused
 * comes back.
 *
 * SPOOL_TEST_STEP=1 in the environment tries each time; else it is some.
 */
#include "spool_driver.h"

#include <limits.h>

#include "disk.h"
#include "flusher.h"
#include "no_memory.h"

#define MESSAGES_N	100	/* so many that the oldest segment is cleaned */
#define KEPT		8	/* the first, which live on */
#define REFUSED		1	/* how a child says that it did not start */
#define OUT_OF_MEMORY	70	/* EX_SOFTWARE, of fatal() */

struct want {
	const void	*at;
	unsigned	 nth;
};

/* Calls try for the first time at each place, and some that follow. */
static unsigned
sweep(const struct no_memory_places *p, void (*try)(const struct want *))
{
	const char	*all = getenv("SPOOL_TEST_STEP");
	unsigned	 n = 0;

	for (size_t i = 0; i < p->n; i++)
		for (unsigned nth = 1; nth <= p->place[i].times;
		    nth = all != NULL ? nth + 1 : nth * 3) {
			try(&(struct want){ p->place[i].at, nth });
			n++;
		}
	return n;
}

static void
fail_as(const struct want *w)
{
	if (w != NULL)
		no_memory_from_place(w->at, w->nth);
}

/* ---- a life ------------------------------------------------------------ */

static void
live(void *arg)
{
	char	 why[256];

	drv_body(0, 0);		/* the test's own memory is not at stake */
	fail_as(arg);
	if (drv_try_open(why, sizeof(why)) == -1)
		_exit(REFUSED);
	for (unsigned k = 0; k < MESSAGES_N; k++) {
		drv_store(k, k == 7 ? 70000 : 7000);
		if (k % 2 == 1)
			drv_wait();
		if (k >= 20 && ledger->line[k - 10].stored == TOLD_OK)
			drv_end(k - 10);
		if (k == 5 && ledger->line[0].stored == TOLD_OK)
			drv_defer(0, 1, "later");
	}
	drv_wait();
	drv_close();
}

static void
wipe(void)
{
	if (system("rm -rf log large tmp damaged spare-* version* lock") != 0)
		fail();
	memset(ledger, 0, sizeof(*ledger));
}

static void
try_living(const struct want *w)
{
	int	 status;

	wipe();
	status = drv_in_child(live, (void *)(uintptr_t)w);
	if (status != 0 && status != REFUSED && status != OUT_OF_MEMORY)
		fail_msg("%p %u: status %d", w->at, w->nth, status);
	if (drv_in_child(drv_look, NULL) != 0)
		fail_msg("%p %u: does not start", w->at, w->nth);
	if (drv_errors(MESSAGES_N, false) != 0)
		fail_msg("%p %u: messages wrong", w->at, w->nth);
}

static void
test_living(void **state)
{
	struct no_memory_places	*places = no_memory_list();

	(void)state;
	assert_non_null(places);
	no_memory_places = places;
	assert_int_equal(drv_in_child(live, NULL), 0);
	no_memory_places = NULL;
	assert_true(ledger->line[0].moves != 0);
	assert_true(sweep(places, try_living) > 20);
	munmap(places, sizeof(*places));
}

/* ---- a start ----------------------------------------------------------- */

static void
leave_much(void *arg)
{
	(void)arg;
	drv_open();
	for (unsigned k = 0; k < 70; k++) {
		drv_store(k, 7000);
		if (k % 4 == 3)
			drv_wait();
	}
	drv_wait();
	for (unsigned k = 0; k < KEPT; k++) {
		drv_defer(k, 1, "later");
		drv_mark(k, MARK_HOLD);
	}
	drv_wait();
	/* and does not end in order: the next writes again what is in doubt */
}

static void
start(void *arg)
{
	char	 why[256] = "";

	fail_as(arg);
	if (drv_try_open(why, sizeof(why)) == -1)
		_exit(strstr(why, "memory") != NULL ||
		    strstr(why, "Cannot allocate") != NULL ? REFUSED : 2);
	no_memory_from(0);
	drv_wait_ms(1);
}

/* Begins from what was left, each time; the status. */
static int
start_again(const struct want *w)
{
	int	 status;

	if (system("rm -rf now && mkdir now && cp -a log large tmp damaged "
	    "spare-* version lock now") != 0 || chdir("now") != 0)
		fail();
	for (unsigned k = 0; k < LEDGER_MAX; k++)
		ledger->line[k].found = 0;
	status = drv_in_child(start, (void *)(uintptr_t)w);
	assert_int_equal(chdir(".."), 0);
	return status;
}

static unsigned	 refused;

static void
try_starting(const struct want *w)
{
	int	 status = start_again(w);

	refused += status != 0;
	if (status != 0 && status != REFUSED && status != OUT_OF_MEMORY)
		fail_msg("%p %u: status %d", w->at, w->nth, status);
	for (unsigned k = 0; k < 70 && status == 0; k++)
		if (ledger->line[k].found != 1)
			fail_msg("%p %u: message %u is not there", w->at,
			    w->nth, k);
}

static void
test_starting(void **state)
{
	struct no_memory_places	*places = no_memory_list();
	unsigned		 tried;

	(void)state;
	assert_non_null(places);
	assert_int_equal(drv_in_child(leave_much, NULL), 0);
	no_memory_places = places;
	assert_int_equal(start_again(NULL), 0);
	no_memory_places = NULL;
	refused = 0;
	tried = sweep(places, try_starting);
	assert_true(refused > 10 && refused <= tried);
	munmap(places, sizeof(*places));
}

/* ---- the loop's own ---------------------------------------------------- */

static unsigned	 loop_left;	/* allocations that libevent still gets */

static void *
loop_realloc(void *p, size_t n)
{
	if (loop_left == 0)
		return NULL;
	loop_left--;
	return __real_realloc(p, n);
}

static void *
loop_malloc(size_t n)
{
	return loop_realloc(NULL, n);
}

static void
start_without_events(void *arg)
{
	char	 why[256] = "";
	int	 r;

	log_set_sink(drv_quiet);
	spool_threads();
	event_set_mem_functions(loop_malloc, loop_realloc, free);
	loop_left = UINT_MAX;
	drv_base = event_base_new();
	loop_left = *(unsigned *)arg;
	r = spool_open(drv_base, &drv_limits, drv_found, why, sizeof(why));
	loop_left = UINT_MAX;
	if (r == 0)
		_exit(0);
	_exit(strstr(why, "memory") != NULL ||
	    strstr(why, "Cannot allocate") != NULL ? REFUSED : 2);
}

static void
test_no_events(void **state)
{
	unsigned	 n = 0;
	int		 status;

	(void)state;
	refused = 0;
	do {
		status = drv_in_child(start_without_events, &n);
		assert_in_range(status, 0, REFUSED);
		refused += status == REFUSED;
		n++;
	} while (status != 0);
	assert_true(refused > 2);
}

/* ---- one record, in the midst of others -------------------------------- */

/* The one that memory is not there for is refused, and no other. */
static void
test_one_record(void **state)
{
	(void)state;
	drv_open();
	batch_free_kept();
	drv_store(0, 100);	/* in the open batch */
	no_memory_from(1);
	drv_store(1, 60000);	/* for which it is closed */
	no_memory_from(0);
	assert_int_equal(ledger->line[1].result, STORE_TEMPORARY);
	drv_store(2, 100);
	drv_wait();
	assert_int_equal(ledger->line[0].result, STORE_OK);
	assert_int_equal(ledger->line[2].result, STORE_OK);
	drv_close();
	drv_open();
	assert_int_equal(ledger->line[0].found, 1);
	assert_int_equal(ledger->line[1].found, 0);
	assert_int_equal(ledger->line[2].found, 1);
	drv_close();
}

/* A stop needs none: the last batch, for its claim, can be done without. */
static void
test_stop(void **state)
{
	(void)state;
	drv_open();
	drv_store(0, 100);
	drv_wait();
	batch_free_kept();
	assert_true(flusher_drain());
	no_memory_from(1);
	assert_int_equal(flusher_seal(), -1);
	no_memory_from(1);
	drv_close();
	no_memory_from(0);
	drv_open();
	assert_int_equal(ledger->line[0].found, 1);
	assert_int_equal(flusher_seal(), 0);
	assert_int_equal(flusher_seal(), 0);
	assert_true(flusher_drain());
	drv_close();
}

#define TEST(fn)	\
	cmocka_unit_test_setup_teardown(fn, drv_setup_fast, drv_teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_living), TEST(test_starting), TEST(test_no_events),
		TEST(test_one_record), TEST(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
