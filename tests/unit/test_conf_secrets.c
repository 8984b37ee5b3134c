/*
 * What the configuration says of TLS and secrets: what follows where nothing
 * is said, who is handed which table, and what may not be together.  The
 * words of all errors are in tests/config/bad.
 */
#include "conf_build.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define CHAIN		"-----BEGIN CERTIFICATE-----\nabcd\n"		\
			"-----END CERTIFICATE-----\n"
#define FILES		"certificate a { chain /chain; key /key; }\n"	\
			"certificate b { chain /chain; key /key; }\n"	\
			"table users file /users; table names file /names;\n" \
			"table boxes file /boxes;\n"			\
			"credentials c { file /secret; }\n"

static int
read_memory(void *data, struct str name, struct buf *b)
{
	static const struct str	 chain = STR("/chain"), resolv =
				    STR("/etc/resolv.conf"), longer =
				    STR("/longer");

	(void)data;
	if (str_equal(name, chain))
		return buf_puts(b, CHAIN) == 0 ? 0 : EFBIG;
	if (str_equal(name, resolv))
		return 0;
	if (!str_equal(name, longer))
		return ENOENT;
	while (buf_puts(b, CHAIN) == 0)
		;
	return EFBIG;
}

static const struct source	 source = { read_memory, NULL, read_memory };
static char			 said[4096];

static void
say(void *data, bool warning, const char *text)
{
	size_t	 n = strlen(said);

	(void)data;
	snprintf(said + n, sizeof(said) - n, "%s%s\n",
	    warning ? "warning: " : "", text);
}

static struct report	 report = { .say = say };

/* Of "hostname", FILES and this; -1 with what is wrong in said. */
static int
compile(struct build *b, const char *text)
{
	static char	 all[4096];	/* borrowed by the build */

	said[0] = '\0';
	report.errors = report.warnings = 0;
	snprintf(all, sizeof(all), "hostname mx.test;\n" FILES "%s", text);
	build_init(b, &source, &report);
	return build_conf(b, str_of("t"), str_of(all));
}

/* ---- listeners --------------------------------------------------------- */

static void
test_levels(void **state)
{
	static const struct {
		const char	*listen;
		size_t		 n;		/* certificates */
		enum tls_level	 level;
		bool		 auth, required;
	} cases[] = {
		{ "mx { address 192.0.2.1; }", 1, TLS_LEVEL_MAY, false,
		    false },
		{ "mx { address 192.0.2.1; tls none; }", 0, TLS_LEVEL_NONE,
		    false, false },
		{ "mx { address 192.0.2.1; tls a b self-signed; }", 3,
		    TLS_LEVEL_MAY, false, false },
		{ "mx { address 192.0.2.1; tls a; require-tls yes; }", 1,
		    TLS_LEVEL_ENCRYPT, false, false },
		{ "submission { address 192.0.2.1; auth users; }", 1,
		    TLS_LEVEL_MAY, true, true },
		{ "submission { address 192.0.2.1; auth users; "
		    "auth-required no; }", 1, TLS_LEVEL_MAY, true, false },
		{ "submission { address 192.0.2.1; auth none; }", 1,
		    TLS_LEVEL_MAY, false, false },
		{ "submissions { address 192.0.2.1; tls a; auth users; }", 1,
		    TLS_LEVEL_ENCRYPT, true, true },
		{ "local { }", 0, TLS_LEVEL_NONE, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct listener_conf	*l;
		struct build			 b;
		char				 text[256];

		snprintf(text, sizeof(text), "listen %s", cases[i].listen);
		assert_int_equal(compile(&b, text), 0);
		l = b.conf.listeners;
		assert_int_equal(l->n_certificates, cases[i].n);
		assert_int_equal(l->tls, cases[i].level);
		assert_int_equal(l->auth_table != TABLE_NONE, cases[i].auth);
		assert_int_equal(l->auth_required, cases[i].required);
		build_clear(&b);
	}
}

/* The order of tls is kept, whatever that of the certificates is. */
static void
test_the_first_certificate(void **state)
{
	const struct certificate_conf	*all;
	const struct listener_conf	*l;
	struct build			 b;

	(void)state;
	assert_int_equal(compile(&b, "listen mx { address ::; tls self-signed "
	    "b a; } listen submission { address ::; }"), 0);
	all = b.conf.certificates;
	l = b.conf.listeners;
	assert_int_equal(b.conf.n_certificates, 3);
	assert_true(all[l[0].certificates[0].certificate].self_signed);
	assert_true(str_equal(all[l[0].certificates[1].certificate].name,
	    str_of("b")));
	assert_true(str_equal(all[l[0].certificates[2].certificate].chain,
	    str_of(CHAIN)));
	/* there is one self-signed certificate for all who want it */
	assert_int_equal(l[1].certificates[0].certificate,
	    l[0].certificates[0].certificate);
	build_clear(&b);
}

/* ---- tables ------------------------------------------------------------ */

static void
test_readers(void **state)
{
	static const struct {
		const char	*text;
		uint32_t	 users, names, boxes;
	} cases[] = {
		{ "", 0, 0, 0 },
		{ "listen submission { address ::; auth users; }\n"
		  "domain a.test { recipients boxes; relay; }",
		    KEYD_AUTH, 0, QUEUED },
		{ "listen submission { address ::; auth users; }\n"
		  "domain a.test { recipients users; aliases names; relay; }",
		    KEYD_AUTH | QUEUED, QUEUED, 0 },
		{ "domain table boxes { recipients any; relay; }", 0, 0,
		    QUEUED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct build	 b;

		assert_int_equal(compile(&b, cases[i].text), 0);
		assert_int_equal(b.conf.tables[0].readers, cases[i].users);
		assert_int_equal(b.conf.tables[1].readers, cases[i].names);
		assert_int_equal(b.conf.tables[2].readers, cases[i].boxes);
		assert_int_equal(strstr(said, "table users: nothing uses "
		    "it") != NULL, cases[i].users == 0);
		build_clear(&b);
	}
}

/* ---- what may not be --------------------------------------------------- */

static void
refuses(const char *text, const char *why)
{
	struct build	 b;

	assert_int_equal(compile(&b, text), -1);
	assert_non_null(strstr(said, why));
	build_clear(&b);
}

static void
test_no_password_in_clear(void **state)
{
	(void)state;
	refuses("listen submission { address ::; tls none; auth users; }",
	    "auth wants TLS");
}

static void
test_no_accounts_on_mx(void **state)
{
	(void)state;
	refuses("listen mx { address ::; auth users; }",
	    "auth belongs to submission");
	refuses("listen mx { address ::; tls none; auth users; }",
	    "auth wants TLS");
	refuses("listen local { auth users; }", "auth has no meaning");
}

static void
test_no_credentials_for_strangers(void **state)
{
	static const char	 want_verify[] = "credentials want tls verify";

	(void)state;
	refuses("route * { via smtps://r.test; credentials c; }",
	    want_verify);
	refuses("route * { via r.test; tls encrypt; credentials c; }",
	    want_verify);
	refuses("route * { tls verify; credentials c; }",
	    "credentials want via");
}

static void
test_chain_too_long(void **state)
{
	(void)state;
	refuses("certificate l { chain /longer; key /key; }",
	    "chain /longer: longer than 64k");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_the_first_certificate),
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_no_password_in_clear),
		cmocka_unit_test(test_no_accounts_on_mx),
		cmocka_unit_test(test_no_credentials_for_strangers),
		cmocka_unit_test(test_chain_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
