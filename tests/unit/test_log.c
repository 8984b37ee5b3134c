/*
 * Foreign text in the log: whatever its octets are, it stays one word of one
 * line, and each of it can be read again.
 */
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
test_every_octet(void **state)
{
	char		 in[3] = "a b", want[8];
	const char	*out;

	(void)state;
	for (int o = 0; o < 256; o++) {
		in[1] = (char)o;
		out = log_text(str_bytes(in, sizeof(in)));
		if (o < ' ' || o > '~' || o == '"' || o == '\\')
			snprintf(want, sizeof(want), "a\\x%02xb", (unsigned)o);
		else
			snprintf(want, sizeof(want), "a%cb", o);
		assert_string_equal(out, want);
	}
}

static void
test_length(void **state)
{
	static char	 in[2 * LOG_TEXT_MAX];

	(void)state;
	assert_string_equal(log_text(STR_NONE), "");
	for (int o = 0; o < 256; o += 'x') {
		memset(in, o, sizeof(in));
		assert_in_range(strlen(log_text(str_bytes(in, sizeof(in)))),
		    LOG_TEXT_MAX, LOG_TEXT_MAX + 3);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_every_octet),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
