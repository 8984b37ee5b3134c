/*
 * Words to filters, and numbers with units: what is understood, and that
 * anything else ends the program with EX_USAGE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <sys/wait.h>

#include <cmocka.h>

#include "filter.h"
#include "sort.h"
#include "units.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
parse(struct queue_filter *f, const char *word)
{
	char	 copy[512], *words[] = { copy };

	snprintf(copy, sizeof(copy), "%s", word);
	assert_int_equal(filter_parse(f, words, 1), 1);
}

static void
test_words(void **state)
{
	struct queue_filter	 f;
	char			*both[] = { strdup("state=held"),
	    strdup("state=active") };

	(void)state;
	parse(&f, "age>2h");
	assert_int_equal(f.older_s, 7200);
	parse(&f, "age<3w");
	assert_int_equal(f.younger_s, 3 * 604800);
	parse(&f, "size>10");
	assert_int_equal(f.larger, 10);
	parse(&f, "size<2g");
	assert_int_equal(f.smaller, UINT64_C(2) << 30);
	parse(&f, "all");
	assert_int_equal(f.states, 0);
	filter_parse(&f, both, 2);
	assert_int_equal(f.states, STATE_HELD | STATE_ACTIVE);
	free(both[0]);
	free(both[1]);
}

/* Texts are borrowed, so these are looked at where they are. */
static void
test_texts(void **state)
{
	static char	 from[] = "from=<>", to[] = "to=a=b@x.test",
	    reply[] = "reply~try later, please", id[] = "ZVG2cw",
	    domain[] = "domain=x.test", route[] = "route=[192.0.2.1]:25";
	char		*words[] = { from, to, reply, id, domain, route };
	struct queue_filter f;

	(void)state;
	assert_int_equal(filter_parse(&f, words, 6), 6);
	assert_true(str_equal(f.sender, str_of("<>")));
	assert_true(str_equal(f.rcpt, str_of("a=b@x.test")));
	assert_true(str_equal(f.reply, str_of("try later, please")));
	assert_true(str_equal(f.id, str_of("ZVG2cw")));
	assert_true(str_equal(f.domain, str_of("x.test")));
	assert_true(str_equal(f.route, str_of("[192.0.2.1]:25")));
}

/* The status that the program ends with; 0: it went on. */
static int
status_of(const char *word, void (*fn)(const char *))
{
	int	 status;
	pid_t	 pid = fork();

	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(99);
		fn(word);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
try_filter(const char *word)
{
	struct queue_filter	 f;

	parse(&f, word);
}

static void
try_until(const char *word)
{
	unit_until("--until", word);
}

static void
test_wrong_words(void **state)
{
	static const char *const	 wrong[] = { "", "colour=blue", "age>",
	    "age>x", "age>2y", "age>2hh", "age=2h", "size>-1", "from=",
	    "state=asleep", "size>99999999999999999999",
	    "size>99999999999999999g", "a.b", "zvg2cwvpr0xtsmp6mgdeyvjfw8z" };

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (status_of(wrong[i], try_filter) != EX_USAGE)
			fail_msg("%s", wrong[i]);
	assert_int_equal(status_of("age>2h", try_filter), 0);
}

static void
test_until(void **state)
{
	static const char *const	 wrong[] = { "", "soon", "2001-01-01",
	    "2001-01-01T10:00", "2h30m", "25:00", "2099-13-01" };
	time_t				 now = time(NULL);
	uint64_t			 t;

	(void)state;
	assert_in_range(unit_until("", "2h"), now + 7200, now + 7210);
	t = unit_until("", "00:00");			/* midnight to come */
	assert_in_range(t, now, now + 25 * 3600 + 10);
	assert_true(unit_until("", "2099-01-01") <
	    unit_until("", "2099-01-01T00:01"));
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (status_of(wrong[i], try_until) != EX_USAGE)
			fail_msg("%s", wrong[i]);
}

static void
test_keys(void **state)
{
	(void)state;
	assert_true(sort_is_key("age"));
	assert_true(sort_is_key("tries"));
	assert_false(sort_is_key("a"));
	assert_false(sort_is_key(""));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_wrong_words),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
