/*
 * Entries of alias tables: what they are compiled to, and what is said of
 * those that are wrong.
 */
#include "tables.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cdb.h>
#include <cmocka.h>

#include "alias_compile.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static int
read_owned(void *data, struct str name, struct buf *b)
{
	static const struct {
		const char	*name, *text;
	} files[] = {
		{ "/staff", "# staff\n\n alice\n<b@x.test>, \"c d\"\r\n" },
		{ "/empty", "# nobody\n" },
		{ "/bad", "a\n# b\n|x\n:include:/staff\nerror:5.1.1\na b" },
		{ "/with space", "a" },
	};
	static const struct str	 foreign = STR("/foreign"), many = STR("/many");

	(void)data;
	if (str_equal(name, foreign))
		return EPERM;
	for (int i = 0; str_equal(name, many) && i <= ALIAS_TARGETS_MAX; i++)
		buf_printf(b, "u%d\n", i);
	if (b->len != 0)
		return 0;
	for (size_t i = 0; i < COUNT(files); i++)
		if (str_equal(name, str_of(files[i].name)))
			return buf_puts(b, files[i].text) == 0 ? 0 : EFBIG;
	return ENOENT;
}

static const struct source source = { NULL, NULL, read_owned };

static char	 said[65536];

static void
say(void *data, bool warning, const char *text)
{
	size_t	 n = strlen(said);

	(void)data, (void)warning;
	snprintf(said + n, sizeof(said) - n, "%s\n", text);
}

static int
compile(const char *value, struct buf *out)
{
	struct report		 report = { .say = say };
	const struct origin	 at = { STR("t"), 7 };

	said[0] = '\0';
	return alias_compile(&source, &report, &at, str_of(value), out);
}

static void
test_entries(void **state)
{
	static const struct {
		const char	*value, *want;
	} cases[] = {
		{ "alice", "alice" }, { "Alice@Example.ORG",
		    "Alice@example.org" },
		{ " a , b@x.test,\tc\r", "a\nb@x.test\nc" },
		{ "a,,b,", "a\nb" },
		{ "<a@x.test>", "a@x.test" },
		{ "\"a b\"@x.test", "\"a b\"@x.test" },
		{ "\"plain\"@x.test", "plain@x.test" },
		{ "\"a,b\", \"c\\\"d\"", "\"a,b\"\n\"c\\\"d\"" },
		{ "\"a@b\"", "\"a@b\"" },
		{ "a@[192.0.2.1]", "a@[192.0.2.1]" },
		{ "a+b, c-d", "a+b\nc-d" },
		{ "@New.Example", "@new.example" },
		{ "\xc3\xbc@x.test", "\xc3\xbc@x.test" },
		{ ":include:/staff", "alice\nb@x.test\n\"c d\"" },
		{ "x, \":include:/staff\" ,y",
		    "x\nalice\nb@x.test\n\"c d\"\ny" },
		{ "\":include:/with space\"", "a" },
		{ ":INCLUDE: /staff", "alice\nb@x.test\n\"c d\"" },
		{ "error:5.1.1 gone, alas", "error:550 5.1.1 gone, alas" },
		{ "error:4.2.1", "error:450 4.2.1 Recipient refused" },
		{ "error:554 no", "error:554 5.1.1 no" },
		{ "error:452", "error:452 4.3.0 Recipient refused" },
		{ "Error: 550  5.7.1  no  way ", "error:550 5.7.1 no  way" },
		{ "\"error:550 5.7.1 no\"", "error:550 5.7.1 no" },
		{ "error:5.1.1 5.1.2 no", "error:550 5.1.1 5.1.2 no" },
	};
	struct buf	 out = BUF_INIT(ALIAS_VALUE_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (compile(cases[i].value, &out) == -1 ||
		    !str_equal(buf_str(&out), str_of(cases[i].want)))
			fail_msg("%s: %.*s %s", cases[i].value,
			    STR_FMT(buf_str(&out)), said);
	buf_clear(&out);
}

static void
test_faults(void **state)
{
	static const struct {
		const char	*value, *said;
	} cases[] = {
		{ "", "t:7: no target: to whom does its mail go?\n" },
		{ " , ", "t:7: no target: to whom does its mail go?\n" },
		{ ":include:/empty", "t:7: no target: to whom does its mail "
		    "go?\n" },
		{ "a b", "t:7: a b: not an address (bad address syntax)\n" },
		{ "a, b@, c@x..test", "t:7: b@: not an address (bad domain "
		    "in address)\nt:7: c@x..test: not an address (bad domain "
		    "in address)\n" },
		{ "\"a", "t:7: \\x22a: not an address (bad address "
		    "syntax)\n" },
		{ "<>", "t:7: <>: not an address (bad address syntax)\n" },
		{ "a\x01@x.test", NULL },
		{ "\\root", NULL }, { "@", NULL }, { "@[192.0.2.1]", NULL },
		{ "|cat", "t:7: |cat: mail is not given to commands yet\n" },
		{ "\"|cat >/x, y\"", "t:7: |cat >/x, y: mail is not given to "
		    "commands yet\n" },
		{ "/var/mail/x", "t:7: /var/mail/x: mail is not put into "
		    "files yet\n" },
		{ ":include:", "t:7: :include: wants a file name that begins "
		    "with a /\n" },
		{ ":include:staff", "t:7: :include: wants a file name that "
		    "begins with a /\n" },
		{ ":include:/gone", "t:7: :include:/gone: No such file or "
		    "directory\n" },
		{ ":include:/foreign", "t:7: :include:/foreign: not root's, "
		    "or others may write to it\n" },
		{ ":include:/bad", "/bad:3: a target: mail is not given to "
		    "commands yet\n"
		    "/bad:4: :include: within an included list\n"
		    "/bad:5: error: has no targets beside it\n"
		    "/bad:6: a target: not an address (bad address "
		    "syntax)\n" },
		{ ":include:/many", "/many:1001: more than 1000 targets\n" },
		{ "a, error:5.1.1 no", "t:7: error: has no targets beside "
		    "it\n" },
		{ "error:", NULL }, { "error:no", NULL },
		{ "error:250 ok", NULL }, { "error:421 4.3.2 no", NULL },
		{ "error:550 4.1.1 no", NULL }, { "error:5.1 no", NULL },
		{ "error:5.1.1111 no", NULL }, { "error:560 no", NULL },
		{ "error:5.1.1 \xc3\xbc", "t:7: error: a text is printable "
		    "ASCII, at most 200 octets\n" },
	};
	struct buf	 out = BUF_INIT(ALIAS_VALUE_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (compile(cases[i].value, &out) != -1 || said[0] == '\0')
			fail_msg("%s", cases[i].value);
		if (cases[i].said != NULL)
			assert_string_equal(said, cases[i].said);
	}
	buf_clear(&out);
}

static void
test_long_entries(void **state)
{
	struct buf	 out = BUF_INIT(ALIAS_VALUE_MAX);
	struct buf	 value = BUF_INIT(TABLE_VALUE_MAX);

	(void)state;
	for (int i = 0; i < ALIAS_TARGETS_MAX; i++)
		buf_printf(&value, "%s%0240d@x.test", i != 0 ? "," : "", i);
	buf_putc(&value, '\0');
	assert_int_equal(compile(buf_data(&value), &out), 0);
	buf_truncate(&value, value.len - 1);
	buf_puts(&value, ",one@x.test");
	buf_putc(&value, '\0');
	assert_int_equal(compile(buf_data(&value), &out), -1);
	assert_string_equal(said, "t:7: more than 1000 targets\n");
	buf_clear(&out);
	buf_clear(&value);
}

static const char *
look_up(int fd, const char *key)
{
	static char	 value[256];
	struct cdb	 cdb;
	int		 found;

	assert_int_equal(cdb_init(&cdb, fd), 0);
	found = cdb_find(&cdb, key, (unsigned)strlen(key));
	if (found > 0)
		snprintf(value, sizeof(value), "%.*s",
		    (int)cdb_datalen(&cdb), (const char *)cdb_getdata(&cdb));
	cdb_free(&cdb);
	return found > 0 ? value : NULL;
}

static void
test_keys(void **state)
{
	static const struct {
		const char	*text, *key, *value;
	} cases[] = {
		{ "Root: a,\n\tb", "root", "a\nb" },
		{ "U@X.Test a", "u@x.test", "a" },
		{ "@x.test a", "@x.test", "a" },
		{ "*@X.test a", "@x.test", "a" },
		{ "\"J D\": a", "j d", "a" },
		{ "\"J D\"@X.test: a", "j d@x.test", "a" },
		{ "\"J D\"@X.test\ta", "j d@x.test", "a" },
		{ "\"u\"@[IPv6:::1]: a", "u@[ipv6:::1]", "a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct report	 report = { .say = say };
		char		 text[64];
		const char	*value;
		int		 fd;

		snprintf(text, sizeof(text), "%s", cases[i].text);
		fd = table_aliases(str_of("t"), text, strlen(text), &source,
		    &report);
		assert_int_not_equal(fd, -1);
		value = look_up(fd, cases[i].key);
		assert_non_null(value);
		assert_string_equal(value, cases[i].value);
		close(fd);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_long_entries),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
