/*
 * Command lines as cron, mail programs and scripts write them.
 */
#include "options.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define ARGS_MAX	16

static char	 line[256];
static char	*args[ARGS_MAX + 1];

static int
parse(struct options *o, const char *text)
{
	int	 n = 0;

	strcpy(line, text);
	for (char *p = strtok(line, " "); p != NULL && n < ARGS_MAX;
	    p = strtok(NULL, " "))
		args[n++] = p;
	args[n] = NULL;
	return options_parse(o, n, args);
}

static const struct {
	const char	*line;
	enum mode	 mode;
	const char	*sender;
	const char	*first;		/* recipient */
	bool		 header, ignore_dots;
} lines[] = {
	{ "sendmail a@b", MODE_MAIL, NULL, "a@b", false, false },
	{ "sendmail -t", MODE_MAIL, NULL, NULL, true, false },
	{ "sendmail -i -t -- a@b", MODE_MAIL, NULL, "a@b", true, true },
	/* Debian's cron, PHP, git send-email, mutt, Nagios, logwatch, at */
	{ "/usr/sbin/sendmail -i -FCronDaemon -B8BITMIME -oem root",
	    MODE_MAIL, NULL, "root", false, true },
	{ "sendmail -FCronDaemon -odi -oem root", MODE_MAIL, NULL, "root",
	    false, false },
	{ "sendmail -t -i -f www@b", MODE_MAIL, "www@b", NULL, true, true },
	{ "sendmail -i a@b c@d", MODE_MAIL, NULL, "a@b", false, true },
	{ "sendmail -oem -oi -f a@b -N success,delay -R hdrs -- c@d",
	    MODE_MAIL, "a@b", "c@d", false, true },
	{ "sendmail -fa@b -oi -odb c@d", MODE_MAIL, "a@b", "c@d", false,
	    true },
	{ "sendmail -ti -oi", MODE_MAIL, NULL, NULL, true, true },
	{ "sendmail -r a@b c", MODE_MAIL, "a@b", "c", false, false },
	{ "sendmail -Am -G -U -v -n -m -h 5 -X /dev/null -C x -d0.1 -d c",
	    MODE_MAIL, NULL, "c", false, false },
	{ "sendmail -O DeliveryMode=b -O Wait=3 c", MODE_MAIL, NULL, "c",
	    false, false },
	{ "sendmail -bm -em c", MODE_MAIL, NULL, "c", false, false },
	{ "sendmail -bs", MODE_SMTP, NULL, NULL, false, false },
	{ "sendmail -bp", MODE_QUEUE, NULL, NULL, false, false },
	{ "/usr/bin/mailq", MODE_QUEUE, NULL, NULL, false, false },
	{ "sendmail -bi", MODE_ALIASES, NULL, NULL, false, false },
	{ "sendmail -I", MODE_ALIASES, NULL, NULL, false, false },
	{ "newaliases", MODE_ALIASES, NULL, NULL, false, false },
	{ "sendmail -q", MODE_RUN_QUEUE, NULL, NULL, false, false },
	{ "sendmail -q30m", MODE_RUN_QUEUE, NULL, NULL, false, false },
	/* an address is not an option, whoever wrote it */
	{ "sendmail a@b -t -fx", MODE_MAIL, NULL, "a@b", false, false },
};

static void
same(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a != NULL)
		assert_string_equal(a, b);
}

static void
test_lines(void **state)
{
	struct options	 o;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_int_equal(parse(&o, lines[i].line), 0);
		assert_int_equal(o.mode, lines[i].mode);
		same(o.sender, lines[i].sender);
		same(o.rcpts[0], lines[i].first);
		assert_int_equal(o.from_header, lines[i].header);
		assert_int_equal(o.ignore_dots, lines[i].ignore_dots);
	}
}

static void
test_values(void **state)
{
	struct options	 o;

	(void)state;
	assert_int_equal(parse(&o, "sendmail -Nnever -R FULL -V id x"), 0);
	assert_string_equal(o.notify, "NEVER");
	assert_string_equal(o.ret, "FULL");
	assert_string_equal(o.envid, "id");
	assert_int_equal(o.wait_s, WAIT_S);
	assert_string_equal(o.socket, POSTERN_SUBMIT);
	assert_int_equal(parse(&o, "sendmail -N Delay,success,failure x"), 0);
	assert_string_equal(o.notify, "DELAY,SUCCESS,FAILURE");
	setenv("POSTERN_SUBMIT", "/a", 1);
	assert_int_equal(parse(&o, "sendmail x"), 0);
	assert_string_equal(o.socket, "/a");
	assert_int_equal(parse(&o, "sendmail -OSocket=/b -O wait=0 x"), 0);
	assert_string_equal(o.socket, "/b");
	assert_int_equal(o.wait_s, 0);
	unsetenv("POSTERN_SUBMIT");
}

static void
test_wrong(void **state)
{
	static const char *const wrong[] = {
		"sendmail", "sendmail -i", "sendmail -bd", "sendmail -b x",
		"sendmail -bv a@b", "sendmail -B 9BIT x", "sendmail -N x a",
		"sendmail -N never,delay a", "sendmail -N success, a",
		"sendmail -N delay,delay,failure,success,delay,delay a",
		"sendmail -R some x", "sendmail -OWait= x",
		"sendmail -OWait=-1 x", "sendmail -OWait=1x x",
		"sendmail -OWait=3601 x", "sendmail -Z x", "sendmail -f",
	};
	struct options	 o;
	int		 saved = dup(2), null = open("/dev/null", O_WRONLY);

	(void)state;
	dup2(null, 2);		/* what they say is for people */
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (parse(&o, wrong[i]) != EX_USAGE) {
			dup2(saved, 2);
			fail_msg("accepted: %s", wrong[i]);
		}
	dup2(saved, 2);
	close(saved);
	close(null);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_wrong),
	};

	unsetenv("POSTERN_SUBMIT");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
