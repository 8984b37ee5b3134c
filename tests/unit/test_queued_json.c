/*
 * JSON as the check of a spool writes it: commas, escapes, UTF-8.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json.h"

static void
check(struct buf *b, const char *want)
{
	assert_int_equal(b->len, strlen(want));
	assert_memory_equal(buf_data(b), want, b->len);
	buf_reset(b);
}

static void
test_structure(void **state)
{
	static const uint8_t	 octets[] = { 0, 0xab };
	struct buf		 b = BUF_INIT(1000);

	(void)state;
	json_open(&b, NULL, '{');
	json_number(&b, "n", 18446744073709551615u);
	json_bool(&b, "yes", true);
	json_hex(&b, "hex", octets, sizeof(octets));
	json_open(&b, "list", '[');
	json_open(&b, NULL, '{');
	json_text(&b, "a", str_of("x"));
	json_close(&b, '}');
	json_open(&b, NULL, '{');
	json_close(&b, '}');
	json_close(&b, ']');
	json_bool(&b, "no", false);
	json_close(&b, '}');
	check(&b, "{\"n\":18446744073709551615,\"yes\":true,\"hex\":\"00ab\","
	    "\"list\":[{\"a\":\"x\"},{}],\"no\":false}");
	buf_clear(&b);
}

static void
test_texts(void **state)
{
	static const struct {
		struct str	 text;
		const char	*want;
	} cases[] = {
		{ STR(""), "\"\"" },
		{ STR("a\"b\\c/"), "\"a\\\"b\\\\c/\"" },
		{ STR("\0\x1b\x7f\n"), "\"\\u0000\\u001b\\u007f\\u000a\"" },
		{ STR("caf\xc3\xa9"), "\"caf\\u00e9\"" },
		{ STR("\xe2\x82\xac"), "\"\\u20ac\"" },
		{ STR("\xf0\x9f\x93\xa7"), "\"\\ud83d\\udce7\"" },
		{ STR("\xff" "a\xc3"), "\"\\\\xffa\\\\xc3\"" },
		{ STR("\xc0\xaf"), "\"\\\\xc0\\\\xaf\"" },
		{ STR("\xed\xa0\x80"), "\"\\\\xed\\\\xa0\\\\x80\"" },
	};
	struct buf	 b = BUF_INIT(1000);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_text(&b, NULL, cases[i].text);
		check(&b, cases[i].want);
	}
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
