/*
 * The compiler of the configuration: lexer, numbers, names, the table of
 * directives, accounts, tables, and the sealed result.  Whole configurations
 * with their printed form and their messages are in tests/config.
 */
#include "conf_build.h"

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

#include "conf_host.h"
#include "conf_lex.h"
#include "conf_print.h"
#include "tables.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- files and messages in memory -------------------------------------- */

static const struct {
	const char	*name, *text;
} files[] = {
	{ "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
	    "list:x:38:38:list:/var/list:/bin/false\n"
	    "Alice:x:1000:100:Alice:/home/alice:/bin/sh\n"
	    "no line at all\n"
	    "bob:x:1001:100:Bob:/home/bob:/bin/sh" },
	{ "/etc/group", "users:x:100:\n" },
	{ "/etc/resolv.conf", "nameserver 192.0.2.53\n" },
	{ "/boxes", "alice\nbob\n" },
	{ "a.inc", "hop-limit 7;" },
};

static int
read_memory(void *data, struct str name, struct buf *b)
{
	(void)data;
	for (size_t i = 0; i < COUNT(files); i++)
		if (str_equal(name, str_of(files[i].name)))
			return buf_puts(b, files[i].text) == 0 ? 0 : EFBIG;
	return ENOENT;
}

static const struct source source = { read_memory, NULL, read_memory };

static char	 said[65536];

static void
say(void *data, bool warning, const char *text)
{
	size_t	 n = strlen(said);

	(void)data;
	snprintf(said + n, sizeof(said) - n, "%s%s\n",
	    warning ? "warning: " : "", text);
}

static struct report
new_report(void)
{
	said[0] = '\0';
	return (struct report){ .say = say };
}

/* ---- words ------------------------------------------------------------- */

/* Tokens as text: words in < >, marks as they are, ! for a bad one. */
static void
lex(const char *text, char *out)
{
	struct lexer	 lx;
	enum token	 t;

	lexer_init(&lx, str_of(text));
	*out = '\0';
	while ((t = lexer_next(&lx)) != TOKEN_END)
		if (t == TOKEN_WORD)
			out += sprintf(out, "<%.*s>", STR_FMT(lx.word));
		else
			out += sprintf(out, "%s", t == TOKEN_OPEN ? "{" :
			    t == TOKEN_CLOSE ? "}" :
			    t == TOKEN_SEMICOLON ? ";" : "!");
}

static void
test_words(void **state)
{
	static const struct {
		const char	*text, *tokens;
	} cases[] = {
		{ "", "" }, { " \t\r\n", "" }, { "# only", "" },
		{ "a b;", "<a><b>;" }, { "a{b;}", "<a>{<b>;}" },
		{ "a#b #c\nd", "<a#b><d>" }, { "a;#b\n;", "<a>;;" },
		{ "\"a b\" \"\"", "<a b><>" },
		{ "\"\\\"\\\\\"", "<\"\\>" },
		{ "/v/%{user}/x;", "</v/%{user}/x>;" },
		{ "%{user} %{", "<%{user}><%>{" },
		{ "%{}", "<%>{}" }, { "%{A}", "<%>{<A>}" },
		{ "a\001b", "<a>!<b>" }, { "\"a\nb", "!<b>" },
		{ "\"a", "!" }, { "\"a\\n\"", "!!" },
		{ "a\"b\"", "!!" }, { "\"a\"b", "!<b>" },
		{ "\"a\"\"b\"", "!<b>" }, { "\"a\";", "<a>;" },
	};
	char	 out[256];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		lex(cases[i].text, out);
		assert_string_equal(out, cases[i].tokens);
	}
}

static void
test_lines(void **state)
{
	struct lexer	 lx;

	(void)state;
	lexer_init(&lx, str_of("a\n# x\n\n b;\n"));
	lexer_next(&lx);
	assert_int_equal(lx.line, 1);
	lexer_next(&lx);
	assert_int_equal(lx.line, 4);
	lexer_again(&lx);
	assert_int_equal(lexer_next(&lx), TOKEN_WORD);
	assert_int_equal(lexer_next(&lx), TOKEN_SEMICOLON);
	assert_int_equal(lexer_next(&lx), TOKEN_END);
	assert_int_equal(lexer_next(&lx), TOKEN_END);
}

static void
test_long_word(void **state)
{
	static char	 text[2 * WORD_MAX + 4];
	struct lexer	 lx;

	(void)state;
	memset(text, 'a', WORD_MAX);
	lexer_init(&lx, str_bytes(text, WORD_MAX));
	assert_int_equal(lexer_next(&lx), TOKEN_WORD);
	assert_int_equal(lx.word.n, WORD_MAX);
	text[WORD_MAX] = 'a';
	lexer_init(&lx, str_bytes(text, WORD_MAX + 1));
	assert_int_equal(lexer_next(&lx), TOKEN_BAD);
	text[0] = '"';
	memset(text + 1, 'a', WORD_MAX + 1);
	text[WORD_MAX + 2] = '"';
	lexer_init(&lx, str_bytes(text, WORD_MAX + 3));
	assert_int_equal(lexer_next(&lx), TOKEN_BAD);
}

/* ---- numbers ----------------------------------------------------------- */

static void
test_units(void **state)
{
	static const struct {
		const struct unit	*units;
		const char		*text;
		int			 result;
		uint64_t		 v;
		const char		*printed;
	} cases[] = {
		{ units_count, "0", 0, 0, "0" },
		{ units_count, "17", 0, 17, "17" },
		{ units_count, "18446744073709551615", 0, UINT64_MAX,
		    "18446744073709551615" },
		{ units_count, "18446744073709551616", -1, 0, "" },
		{ units_count, "1k", -1, 0, "" },
		{ units_count, "", -1, 0, "" },
		{ units_count, "-1", -1, 0, "" },
		{ units_count, " 1", -1, 0, "" },
		{ units_octets, "1", 0, 1, "1" },
		{ units_octets, "64k", 0, 65536, "64k" },
		{ units_octets, "1024k", 0, 1048576, "1m" },
		{ units_octets, "3g", 0, UINT64_C(3) << 30, "3g" },
		{ units_octets, "1K", -1, 0, "" },
		{ units_octets, "17179869184g", -1, 0, "" },
		{ units_ms, "0", 0, 0, "0" },
		{ units_ms, "5", -1, 0, "" },
		{ units_ms, "1500ms", 0, 1500, "1500ms" },
		{ units_ms, "120s", 0, 120000, "2m" },
		{ units_ms, "1w", 0, 604800000, "1w" },
		{ units_s, "1ms", -1, 0, "" },
		{ units_s, "36h", 0, 129600, "36h" },
		{ units_s, "5d", 0, 432000, "5d" },
		{ units_s, "5 d", -1, 0, "" },
	};
	char		 text[UNITS_TEXT_MAX];
	uint64_t	 v;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(units_parse(cases[i].units,
		    str_of(cases[i].text), &v), cases[i].result);
		if (cases[i].result == -1)
			continue;
		assert_int_equal(v, cases[i].v);
		assert_string_equal(units_print(cases[i].units, v, text),
		    cases[i].printed);
	}
}

/* ---- directives -------------------------------------------------------- */

static void
test_nearest(void **state)
{
	static const struct {
		enum context	 context;
		const char	*name, *nearest;
	} cases[] = {
		{ IN_TOP, "hostnam", "hostname" },
		{ IN_TOP, "hoplimit", "hop-limit" },
		{ IN_TOP, "domian", "domain" },
		{ IN_TOP, "lsiten", "listen" },
		{ IN_LISTEN, "adress", "address" },
		{ IN_LISTEN, "addres", "address" },
		{ IN_TOP, "x", NULL },
		{ IN_TOP, "cerificate", "certificate" },
		{ IN_LISTEN, "require-tsl", "require-tls" },
		{ IN_TOP, "rules", NULL },
		{ IN_TOP, "a-word-that-is-longer-than-all-of-them", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct directive	*d = directive_nearest(
		    cases[i].context, str_of(cases[i].name));

		if (cases[i].nearest == NULL)
			assert_null(d);
		else {
			assert_non_null(d);
			assert_string_equal(d->name, cases[i].nearest);
		}
	}
}

/* Every row can be found, has its range, and a default within it. */
static void
test_table(void **state)
{
	uint64_t	 v, top;

	(void)state;
	for (const struct directive *d = conf_directives; d->name; d++) {
		assert_ptr_equal(directive_find(d->context,
		    str_of(d->name)), d);
		if (d->units == NULL)
			continue;
		assert_true(d->min <= d->max);
		top = d->size < 8 ? (UINT64_C(1) << (8 * d->size)) - 1 :
		    UINT64_MAX;
		assert_true(d->max <= top);
		if (d->fallback == NULL)
			continue;
		assert_int_equal(units_parse(d->units, str_of(d->fallback),
		    &v), 0);
		assert_true(v >= d->min && v <= d->max);
	}
}

/* ---- whole configurations ---------------------------------------------- */

static void
test_messages(void **state)
{
	static const struct {
		const char	*text, *said;
	} cases[] = {
		{ "hostname a.example;", "" },
		{ "include a.inc; hostname a.example;", "" },
		{ "include b.inc; hostname a.example;",
		    "t:1: include: b.inc: No such file or directory\n" },
		{ "hostname a.example;\nhostname b.example;",
		    "t:2: hostname: given before, in line 1\n" },
		{ "hop-limit 3; include a.inc; hostname a.example;",
		    "a.inc:1: hop-limit: given before, in t:1\n" },
		{ "hostname a.example\nhop-limit 5;",
		    "t:1: hostname: wants 1 word behind it, not 3 "
		    "(a ; is missing?)\n" },
		{ "hostname;", "t:1: hostname: wants 1 word behind it\n" },
		{ "hostname a.example { }",
		    "t:1: hostname: wants no block in { }, but a ;\n" },
		{ "hostname a.example; log;",
		    "t:1: log: wants a block in { }\n" },
		{ "hostname a.example; log x { }",
		    "t:1: log: wants no word behind it\n" },
		{ "hostname a.example; \x1b[0m;",
		    "t:1: a control character\n" },
		{ "hostname a.example; \"\x7f\";",
		    "t:1: a quoted word does not end on its line\n" },
		{ "hostname a.example; t\xe4st;",
		    "t:1: t\\xe4st: no such directive\n" },
		{ "hostname a.example; domain b.example { recipients any; "
		    "deliver maildir /x as vmail; }",
		    "warning: /etc/passwd:4: not a line of /etc/passwd\n"
		    "t:1: deliver: no user vmail in /etc/passwd "
		    "(UID:GID is possible)\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct report	 report = new_report();
		struct build	 b;

		build_init(&b, &source, &report);
		build_conf(&b, str_of("t"), str_of(cases[i].text));
		assert_string_equal(said, cases[i].said);
		build_clear(&b);
	}
}

static void
test_many_errors(void **state)
{
	struct report	 report = new_report();
	struct buf	 text = BUF_INIT(CONF_FILE_MAX);
	struct build	 b;
	size_t		 lines = 0;

	(void)state;
	buf_puts(&text, "hostname a.example;\n");
	for (unsigned i = 0; i < 500; i++)
		buf_puts(&text, "nonsense;\n");
	build_init(&b, &source, &report);
	assert_int_equal(build_conf(&b, str_of("t"), buf_str(&text)), -1);
	for (const char *s = said; *s != '\0'; s++)
		lines += *s == '\n';
	assert_int_equal(lines, REPORTS_MAX + 1);
	assert_int_equal(report.errors, 500);
	build_clear(&b);
	buf_clear(&text);
}

/* What is sealed is what was built; a fresh one is no open relay. */
static void
test_sealed(void **state)
{
	static const char	 text[] = "hostname A.example;\n"
	    "domain b.example { recipients system;\n"
	    "deliver maildir %{home}/m as recipient; }\n";
	struct report		 report = new_report();
	struct conf_memory	*m;
	struct build		 b;
	int			 fd;

	(void)state;
	build_init(&b, &source, &report);
	assert_int_equal(build_conf(&b, str_of("t"), str_of(text)), 0);
	fd = conf_seal(&b.conf);
	assert_int_not_equal(fd, -1);
	m = conf_open(fd);
	assert_non_null(m);
	assert_true(str_equal(m->conf.hostname, str_of("a.example")));
	assert_int_equal(m->conf.n_listeners, 2);
	assert_int_equal(m->conf.listeners[0].service, SERVICE_MX);
	assert_int_equal(m->conf.listeners[0].n_binds, 2);
	assert_int_equal(m->conf.listeners[0].n_trust, 0);
	assert_true(str_equal(m->conf.listeners[1].socket,
	    str_of("/run/postern/submit")));
	assert_int_equal(m->conf.n_tables, 1);
	assert_int_equal(m->conf.tables[0].kind, TABLE_SYSTEM);
	assert_int_equal(m->conf.domains[0].recipients_table, 0);
	assert_int_equal(m->conf.domains[0].origin.line, 2);
	assert_int_equal(m->conf.domains[0].delivery, 0);
	assert_true(m->conf.deliveries[0].as_recipient);
	assert_int_equal(m->conf.n_routes, 1);
	assert_int_equal(m->conf.routes[0].retry_min_s, 300);
	assert_int_equal(m->conf.name_servers[0].addr.port, 53);
	assert_false(m->conf.name_servers[0].trusted);
	conf_free(m);
	close(fd);
	build_clear(&b);
}

/* Rules that are the same are one; the order of statements is kept. */
static void
test_many_domains(void **state)
{
	struct report	 report = new_report();
	struct buf	 text = BUF_INIT(CONF_FILE_MAX);
	struct build	 b;

	(void)state;
	buf_puts(&text, "hostname a.example; table boxes file /boxes;\n");
	for (unsigned i = 0; i < 2000; i++)
		buf_printf(&text, "domain d%u.example { recipients boxes; "
		    "deliver maildir /m/%%{user} as 2000:2000; }\n"
		    "route d%u.example { via h%u.example; }\n", i, i, i);
	build_init(&b, &source, &report);
	assert_int_equal(build_conf(&b, str_of("t"), buf_str(&text)), 0);
	assert_int_equal(b.conf.n_domains, 2000);
	assert_int_equal(b.conf.n_deliveries, 1);
	assert_int_equal(b.conf.n_routes, 2001);
	assert_true(str_equal(b.conf.domains[1999].name,
	    str_of("d1999.example")));
	assert_string_equal(said, "");
	build_clear(&b);
	buf_clear(&text);
}

static void
test_hosts(void **state)
{
	static const struct {
		const char	*text, *printed;	/* NULL: refused */
	} cases[] = {
		{ "a.example", "a.example" }, { "A.Example:25",
		    "a.example:25" }, { "192.0.2.1", "[192.0.2.1]" },
		{ "192.0.2.1:26", "[192.0.2.1]:26" },
		{ "[192.0.2.1]:26", "[192.0.2.1]:26" },
		{ "[2001:db8::1]", "[IPv6:2001:db8::1]" },
		{ "[IPv6:2001:db8::1]:1", "[IPv6:2001:db8::1]:1" },
		{ "", NULL }, { ":25", NULL }, { "a.example:", NULL },
		{ "a.example:0", NULL }, { "a.example:65536", NULL },
		{ "a.example:25x", NULL }, { "[a.example]", NULL },
		{ "[192.0.2.1", NULL }, { "[192.0.2.1]25", NULL },
		{ "2001:db8::1", NULL }, { "a..example", NULL },
	};
	struct report	 report = new_report();
	struct build	 b;

	(void)state;
	build_init(&b, &source, &report);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf	 out = BUF_INIT(1024);
		struct str	 host;
		uint16_t	 port;
		int		 r;

		r = host_parse(&b, str_of(cases[i].text), &host, &port);
		assert_int_equal(r, cases[i].printed != NULL ? 0 : -1);
		if (r == 0) {
			host_print(&out, host, port);
			assert_true(str_equal(buf_str(&out),
			    str_of(cases[i].printed)));
		}
		buf_clear(&out);
	}
	build_clear(&b);
}

/* ---- tables ------------------------------------------------------------ */

/* The value of key in the database fd, or NULL; one result at a time. */
static const char *
look_up(int fd, const char *key)
{
	static char	 value[1024];
	struct cdb	 cdb;
	unsigned	 n;

	assert_int_equal(cdb_init(&cdb, fd), 0);
	if (cdb_find(&cdb, key, (unsigned)strlen(key)) <= 0) {
		cdb_free(&cdb);
		return NULL;
	}
	n = cdb_datalen(&cdb);
	assert_true(n < sizeof(value));
	assert_int_equal(cdb_read(&cdb, value, n, cdb_datapos(&cdb)), 0);
	value[n] = '\0';
	cdb_free(&cdb);
	return value;
}

static int
make_table(const char *text, struct report *report)
{
	char	*copy = strdup(text);
	int	 fd;

	fd = table_text(str_of("t"), copy, strlen(copy), report);
	free(copy);
	return fd;
}

static void
test_table_lines(void **state)
{
	static const struct {
		const char	*text, *key, *value;	/* NULL: not there */
	} cases[] = {
		{ "a b", "a", "b" }, { "a b", "b", NULL },
		{ "A@Example.ORG x Y", "a@example.org", "x Y" },
		{ "a", "a", "" }, { "a:", "a", "" }, { "a :", "a", ":" },
		{ "root: admin, x", "root", "admin, x" },
		{ "root:admin", "root", "admin" },
		{ "root : admin", "root", "admin" },
		{ "host :[gw]:25", "host", ":[gw]:25" },
		{ "example.com\tsmtp:[mail.example]:26\r\n", "example.com",
		    "smtp:[mail.example]:26" },
		{ "u@[IPv6:2001:db8::1] x", "u@[ipv6:2001:db8::1]", "x" },
		{ "@example.com all", "@example.com", "all" },
		{ "a: b,\n\tc,\n# in between\n\n  d\ne: f", "a",
		    "b, c, d" },
		{ "a: b,\n\tc\ne: f", "e", "f" },
		{ "a:\n b", "a", "b" },
		{ "# c\n   # d\n\na b # not a comment", "a",
		    "b # not a comment" },
		{ "\"Odd: Name\" x", "odd: name", "x" },
		{ "\"a\":x", "a", "x" },
		{ "a 1\nb 2\nA 3", "a", "1" },
		{ "user:$argon2id$v=19$m=1:x", "user",
		    "$argon2id$v=19$m=1:x" },
		{ "", "a", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct report	 report = new_report();
		const char	*value;
		int		 fd = make_table(cases[i].text, &report);

		assert_int_not_equal(fd, -1);
		value = look_up(fd, cases[i].key);
		if (cases[i].value == NULL)
			assert_null(value);
		else {
			assert_non_null(value);
			assert_string_equal(value, cases[i].value);
		}
		close(fd);
	}
}

static void
test_table_faults(void **state)
{
	static const struct {
		const char	*text;
		int		 good;
		const char	*said;
	} cases[] = {
		{ "a 1\nA 2\n", 1,
		    "warning: t:2: a stands before, in line 1, which "
		    "counts\n" },
		{ " a 1\nb 2", 0, "t:1: a line that goes on (begins with a "
		    "blank), but nothing is before it\n" },
		{ "b\n\"a\n x\n: c\n", 0, "t:2: no key, one whose quotes do "
		    "not end, or one longer than 640 octets\n"
		    "t:4: no key, one whose quotes do not end, or one longer "
		    "than 640 octets\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct report	 report = new_report();
		int		 fd = make_table(cases[i].text, &report);

		assert_int_equal(fd != -1, cases[i].good);
		assert_string_equal(said, cases[i].said);
		if (fd != -1)
			close(fd);
	}
}

static void
test_table_long(void **state)
{
	static char	 text[TABLE_VALUE_MAX + 64];
	struct report	 report = new_report();

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "k\n ", 3);
	memcpy(text + sizeof(text) - 4, "\nb 1", 4);
	assert_int_equal(table_text(str_of("t"), text, sizeof(text),
	    &report), -1);
	assert_string_equal(said, "t:1: a value longer than 262144 octets\n");
}

static void
test_table_many(void **state)
{
	struct report	 report = new_report();
	struct buf	 text = BUF_INIT(1 << 24);
	char		 key[32];
	int		 fd;

	(void)state;
	for (unsigned i = 0; i < 50000; i++)
		buf_printf(&text, "user%u@example.org v%u\n", i, i);
	fd = table_text(str_of("t"), buf_data(&text), text.len, &report);
	assert_int_not_equal(fd, -1);
	for (unsigned i = 0; i < 50000; i += 777) {
		snprintf(key, sizeof(key), "user%u@example.org", i);
		assert_non_null(look_up(fd, key));
	}
	assert_int_equal(write(fd, "x", 1), -1);	/* it is sealed */
	close(fd);
	buf_clear(&text);
}

/* Accounts by name and slot; root, system users and our own are not there. */
static void
test_table_system(void **state)
{
	struct report	 report = new_report();
	struct build	 b;
	int		 fd;

	(void)state;
	build_init(&b, &source, &report);
	build_conf(&b, str_of("t"), str_of("hostname a.example; "
	    "delivery-users 38; domain b.example { recipients system; "
	    "deliver maildir /m as 2000:1; }"));
	assert_int_equal(b.conf.n_tables, 1);
	fd = tables_compile(&b, 0);
	assert_int_not_equal(fd, -1);
	assert_null(look_up(fd, "root"));
	assert_string_equal(look_up(fd, "list"), "1");
	assert_string_equal(look_up(fd, "alice"), "2");
	assert_string_equal(look_up(fd, "#2"),
	    "1000:100:/home/alice:Alice");
	assert_string_equal(look_up(fd, "bob"), "3");
	close(fd);
	build_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_word),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_many_errors),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_many_domains),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_table_lines),
		cmocka_unit_test(test_table_faults),
		cmocka_unit_test(test_table_long),
		cmocka_unit_test(test_table_many),
		cmocka_unit_test(test_table_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
