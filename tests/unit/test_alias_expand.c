/*
 * What recipients become by aliases, catch-all entries and extensions: tables
 * of cases over one configuration with real constant databases, and the
 * limits one by one.
 */
#include "queue_fakes.h"

#include "expand.h"

enum { BOXES, ALIASES, SECOND, ACCOUNTS, N_TABLES };

static const struct table_conf		 table_confs[N_TABLES] = {
	{ .name = STR("boxes") }, { .name = STR("aliases") },
	{ .name = STR("second") },
	{ .name = STR("accounts"), .kind = TABLE_SYSTEM },
};

static const struct table_ref		 both[] = { { ALIASES }, { SECOND } };
static const struct table_ref		 missing[] = { { 17 } };

#define IN_BOXES	.recipients = RECIPIENTS_TABLE,			\
			.recipients_table = BOXES
#define WITH(list)	.aliases = (list), .n_aliases = COUNT(list)
#define PLUS		.delimiter = STR("+")

static const struct domain_conf		 domains[] = {
	{ .name = STR("here.test"), IN_BOXES, WITH(both), PLUS,
	    .transport = TRANSPORT_LOCAL },
	{ .name = STR("host.test"), .recipients = RECIPIENTS_SYSTEM,
	    .recipients_table = ACCOUNTS, WITH(both), PLUS,
	    .transport = TRANSPORT_LOCAL },
	{ .name = STR("lmtp.test"), IN_BOXES, WITH(both), PLUS,
	    .transport = TRANSPORT_LMTP, .service = 0 },
	{ .name = STR("virtual.test"), .recipients = RECIPIENTS_NONE,
	    WITH(both), PLUS },
	{ .name = STR("any.test"), .recipients = RECIPIENTS_ANY, WITH(both),
	    .delimiter = STR("-+"), .transport = TRANSPORT_LOCAL },
	{ .name = STR("none.test"), IN_BOXES,
	    .transport = TRANSPORT_LOCAL },
	{ .name = STR("old.test"), IN_BOXES, WITH(both),
	    .transport = TRANSPORT_LOCAL },
	{ .name = STR("broken.test"), IN_BOXES, WITH(missing),
	    .transport = TRANSPORT_LOCAL },
	{ .name = STR("unread.test"), .recipients = RECIPIENTS_TABLE,
	    .recipients_table = 17, WITH(both),
	    .transport = TRANSPORT_LOCAL },
};

static const struct service_conf	 service = {
	.name = STR("unix:/run/lmtp"), .socket = STR("/run/lmtp"),
};

static const char *const boxes[][2] = {
	{ "alice@here.test", "" }, { "bob@here.test", "" },
	{ "odd name@here.test", "" }, { "alice+box@here.test", "" },
	{ "self@here.test", "" }, { "selfplus@here.test", "" },
	{ "alice@lmtp.test", "" }, { "self@lmtp.test", "" },
	{ "carol@none.test", "" }, { "bob@old.test", "" },
	{ "alice@broken.test", "" }, { NULL, NULL },
};

static const char *const accounts[][2] = {
	{ "carol", "1" }, { "Dave", "2" }, { "#1", "x" }, { NULL, NULL },
};

static const char *const aliases[][2] = {
	{ "root", "alice" },
	{ "info@here.test", "alice\nbob\nout@else.test" },
	{ "twice@here.test", "alice\nAlice\nALICE@here.test\nout@else.test\n"
	    "Out@else.test\nout@else.test" },
	{ "nested@here.test", "info\nroot\nbob" },
	{ "self@here.test", "self\nbob" },
	{ "self@lmtp.test", "self\nout@else.test" },
	{ "selfplus@here.test", "selfplus+copy\nbob" },
	{ "selfonly@here.test", "selfonly" },
	{ "tagged+x@here.test", "bob" }, { "tagged@here.test", "alice" },
	{ "tagged+y@here.test", "tagged" },
	{ "localtag+x", "bob" },
	{ "loop@here.test", "loop2\nbob" }, { "loop2@here.test", "loop3" },
	{ "loop3@here.test", "loop@here.test" },
	{ "loop+x@here.test", "loop" },
	{ "dead@here.test", "nobody\nnothing@host.test" },
	{ "half@here.test", "nobody\nbob" },
	{ "odd@here.test", "\"odd name\"" },
	{ "o d@here.test", "\"odd name\"@here.test" },
	{ "gone@here.test", "error:550 5.1.6 moved, alas" },
	{ "later@here.test", "error:450 4.2.1 try later" },
	{ "halfgone@here.test", "gone\nbob" },
	{ "allgone@here.test", "gone" },
	{ "box@here.test", "alice+box" },
	{ "unread@here.test", "bob\nx@unread.test" },
	{ "info@virtual.test", "alice@here.test" },
	{ "bare@virtual.test", "carol" },
	{ "both@virtual.test", "info" },
	{ "@virtual.test", "rest@else.test" },
	{ "@old.test", "@here.test" },
	{ "@any.test", "error:550 5.1.1 nobody else" },
	{ "real@any.test", "real" },
	{ "@host.test", "catch@host.test" },
	{ "catch@lmtp.test", "@virtual.test" },
	{ "\xc3\xbc@here.test", "alice" },
	{ "system@host.test", "carol" },
	{ "postmaster@here.test", "bob" },
	{ "postmaster@lmtp.test", "postmaster" },
	{ "d1", "d2" }, { "d2", "d3" }, { "d3", "d4" }, { "d4", "d5" },
	{ "d5", "d6" }, { "d6", "d7" }, { "d7", "d8" }, { "d8", "d9" },
	{ "d9", "d10" }, { "d10", "bob@here.test" }, { "d0", "d1" },
	{ NULL, NULL },
};

static char	 many[4][32 * RCPTS_MAX];

/* second: what the first table has counts */
static const char *const second[][2] = {
	{ "root", "nobody" }, { "only2@here.test", "alice" },
	{ "many@here.test", many[0] }, { "other@here.test", many[1] },
	{ "wide@here.test", many[2] }, { "wider@here.test", many[3] },
	{ "more@here.test", "many\none@more.test" },
	{ NULL, NULL },
};

/* many and other: 1,000 addresses each, of different domains; wide: the
 * same address again and again; wider: that, again and again. */
static void
make_many(void)
{
	char	*p[2] = { many[0], many[1] };
	int	 n = 0;

	for (int i = 0; i < RCPTS_MAX; i++) {
		for (int k = 0; k < 2; k++)
			p[k] += sprintf(p[k], "%su%d@many%d.test",
			    i != 0 ? "\n" : "", i, k);
		n += sprintf(many[2] + n, "%sbob", i != 0 ? "\n" : "");
		if (i < 11)
			strcat(many[3], i != 0 ? "\nwide" : "wide");
	}
}

static int
set_up(void **state)
{
	struct router	*r;
	char		 why[TEXT_MAX];

	(void)state;
	fakes_set_up();
	if (many[0][0] == '\0')
		make_many();
	fake_tables[BOXES] = fake_table(boxes);
	fake_tables[ALIASES] = fake_table(aliases);
	fake_tables[SECOND] = fake_table(second);
	fake_tables[ACCOUNTS] = fake_table(accounts);
	fake_conf.hostname = (struct str)STR("host.test");
	fake_conf.postmaster = (struct str)STR("alice@here.test");
	fake_conf.tables = table_confs;
	fake_conf.n_tables = N_TABLES;
	fake_conf.services = &service;
	fake_conf.n_services = 1;
	fake_conf.domains = domains;
	fake_conf.n_domains = COUNT(domains);
	fake_conf.routes = NULL;
	fake_conf.n_routes = 0;
	r = router_new(&fake_conf, why, sizeof(why));
	assert_non_null(r);
	router_use(r);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	router_use(NULL);
	for (size_t i = 0; i < N_TABLES; i++)
		close(fake_tables[i]);
	return 0;
}

/* ---- one recipient ----------------------------------------------------- */

static struct rcpt_answer
add(const char *address, uint8_t notify)
{
	static struct recipient	 rcpts[2 * RCPTS_MAX];
	static size_t		 n;
	struct recipient	*r = &rcpts[n++ % COUNT(rcpts)];
	struct rcpt_answer	 answer;

	*r = (struct recipient){ .address = str_of(address),
	    .notify = notify };
	expand_rcpt(r, &answer);
	return answer;
}

/* "alice@here.test bob@here.test", or "550 5.1.1", or what is usual. */
static const char *
becomes(const char *address)
{
	static const char *const	 words[RCPT_VERDICT_N] = {
		[RCPT_UNKNOWN] = "unknown", [RCPT_NO_RELAY] = "no relay",
		[RCPT_DENIED] = "denied", [RCPT_TEMPORARY] = "temporary" };
	static char			 text[2048];
	const struct recipient		*list;
	struct rcpt_answer		 a;
	size_t				 n, len = 0;

	expand_begin(NULL, false);
	a = add(address, 0);
	n = expand_results(&list);
	if (a.verdict != RCPT_OK) {
		assert_int_equal(n, 0);
		snprintf(text, sizeof(text), "%u %.*s", a.code,
		    STR_FMT(a.status));
		return a.code != 0 ? text : words[a.verdict];
	}
	assert_int_equal(n, a.results);
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%.*s", i != 0 ? " " : "", STR_FMT(list[i].address));
	return text;
}

#define HERE	"@here.test"

static void
test_recipients(void **state)
{
	static const struct {
		const char	*address, *want;
	} cases[] = {
		/* without an alias */
		{ "alice" HERE, "alice" HERE }, { "Alice" HERE, "Alice" HERE },
		{ "nobody" HERE, "unknown" },
		{ "carol@none.test", "carol@none.test" },
		{ "root@none.test", "unknown" },
		{ "x@else.test", "no relay" },
		/* aliases: the key's form, the table's place */
		{ "root" HERE, "alice" HERE }, { "ROOT" HERE, "alice" HERE },
		{ "root@lmtp.test", "alice@lmtp.test" },
		{ "only2" HERE, "alice" HERE },
		{ "info" HERE, "alice" HERE " bob" HERE " out@else.test" },
		{ "info@lmtp.test", "unknown" },
		/* each but once; outside, case is theirs to judge */
		{ "twice" HERE, "alice" HERE
		    " out@else.test Out@else.test" },
		{ "nested" HERE, "alice" HERE " bob" HERE " out@else.test" },
		/* to itself */
		{ "self" HERE, "self" HERE " bob" HERE },
		{ "SELF" HERE, "SELF" HERE " bob" HERE },
		{ "self+tag" HERE, "self" HERE " bob" HERE },
		{ "self+tag@lmtp.test", "self+tag@lmtp.test out@else.test" },
		{ "selfplus" HERE, "selfplus" HERE " bob" HERE },
		{ "selfonly" HERE, "unknown" },
		/* extensions: with and without a mailbox of that name */
		{ "alice+tag" HERE, "alice" HERE },
		{ "Alice+Tag+x" HERE, "Alice" HERE },
		{ "alice+" HERE, "alice" HERE },
		{ "alice+box" HERE, "alice+box" HERE },
		{ "alice+tag@lmtp.test", "alice+tag@lmtp.test" },
		{ "alice-tag" HERE, "unknown" }, { "+tag" HERE, "unknown" },
		{ "nobody+tag" HERE, "unknown" },
		{ "carol+x@none.test", "unknown" },
		{ "carol+x@host.test", "carol@host.test" },
		{ "x-y+z@any.test", "550 5.1.1" },
		{ "root+x" HERE, "alice" HERE },
		{ "tagged+x" HERE, "bob" HERE },
		{ "tagged+y" HERE, "alice" HERE },
		{ "tagged+z" HERE, "alice" HERE },
		{ "localtag+x" HERE, "bob" HERE },
		{ "box" HERE, "alice+box" HERE },
		/* loops */
		{ "loop" HERE, "550 5.4.6" }, { "loop3" HERE, "550 5.4.6" },
		{ "loop+x" HERE, "550 5.4.6" },
		{ "loop+other" HERE, "550 5.4.6" },
		/* targets that are not there */
		{ "dead" HERE, "unknown" }, { "half" HERE, "bob" HERE },
		{ "unread" HERE, "temporary" },
		/* quoted, UTF-8 */
		{ "odd" HERE, "\"odd name\"" HERE },
		{ "\"o d\"" HERE, "\"odd name\"" HERE },
		{ "\"odd name\"" HERE, "\"odd name\"" HERE },
		{ "\"odd name+x\"" HERE, "\"odd name\"" HERE },
		{ "\"alice\"" HERE, "\"alice\"" HERE },
		{ "\"alice@here.test\"@old.test", "unknown" },
		{ "\"info@here.test\"@lmtp.test", "unknown" },
		{ "\xc3\xbc" HERE, "alice" HERE },
		/* error: */
		{ "gone" HERE, "550 5.1.6" }, { "later" HERE, "450 4.2.1" },
		{ "halfgone" HERE, "bob" HERE },
		{ "allgone" HERE, "550 5.1.6" },
		/* catch-all, behind mailboxes, before any */
		{ "bob@old.test", "bob@old.test" },
		{ "alice@old.test", "alice" HERE },
		{ "info@old.test", "alice" HERE " bob" HERE
		    " out@else.test" },
		{ "nobody@old.test", "unknown" },
		{ "x@any.test", "550 5.1.1" },
		{ "real@any.test", "real@any.test" },
		{ "real-tag@any.test", "real@any.test" },
		{ "carol@host.test", "carol@host.test" },
		{ "dave@host.test", "unknown" },	/* catch: not there */
		{ "catch@lmtp.test", "rest@else.test" },
		/* a domain of aliases alone */
		{ "info@virtual.test", "alice" HERE },
		{ "both@virtual.test", "alice" HERE },
		{ "who@virtual.test", "rest@else.test" },
		{ "bare@virtual.test", "rest@else.test" },
		{ "system@host.test", "carol@host.test" },
		/* tables that cannot be read */
		{ "alice@broken.test", "temporary" },
		{ "x@unread.test", "temporary" },
		/* RFC 5321 4.5.1 */
		{ "postmaster" HERE, "bob" HERE },
		{ "PostMaster" HERE, "bob" HERE },
		{ "postmaster@lmtp.test", "alice" HERE },
		{ "postmaster@none.test", "alice" HERE },
		{ "postmaster@virtual.test", "alice" HERE },
		{ "postmaster@any.test", "alice" HERE },
		{ "postmaster", "alice" HERE },
		{ "postmaster@else.test", "no relay" },
		/* no addresses */
		{ "", "unknown" }, { "alice", "unknown" },
		{ HERE, "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (strcmp(becomes(cases[i].address), cases[i].want) != 0)
			fail_msg("%s: %s, not %s", cases[i].address,
			    becomes(cases[i].address), cases[i].want);
}

static void
test_no_postmaster_is_named(void **state)
{
	(void)state;
	fake_conf.postmaster = STR_NONE;
	assert_string_equal(becomes("postmaster" HERE), "bob" HERE);
	assert_string_equal(becomes("postmaster@none.test"),
	    "postmaster@none.test");
	assert_string_equal(becomes("postmaster@virtual.test"), "temporary");
	assert_string_equal(becomes("postmaster"), "postmaster@host.test");
	fake_conf.hostname = (struct str)STR("mx.test");
	assert_string_equal(becomes("postmaster"), "postmaster");
	/* one that leads to itself */
	fake_conf.postmaster = (struct str)STR("postmaster@lmtp.test");
	assert_string_equal(becomes("postmaster@lmtp.test"),
	    "postmaster@lmtp.test");
	assert_string_equal(becomes("postmaster@none.test"),
	    "postmaster@lmtp.test");
}

static void
test_refusals_say_why(void **state)
{
	struct rcpt_answer	 a;

	(void)state;
	expand_begin(NULL, false);
	a = add("gone" HERE, 0);
	assert_int_equal(a.verdict, RCPT_DENIED);
	assert_true(str_equal(a.text, str_of("moved, alas")));
	assert_int_equal(add("later" HERE, 0).verdict, RCPT_TEMPORARY);
	assert_int_equal(add("loop" HERE, 0).verdict, RCPT_DENIED);
}

/* ---- limits ------------------------------------------------------------ */

static void
test_depth(void **state)
{
	(void)state;
	assert_int_equal(ALIAS_DEPTH_MAX, 10);
	assert_string_equal(becomes("d1" HERE), "bob" HERE);
	assert_string_equal(becomes("d0" HERE), "550 5.4.6");
}

static void
test_results(void **state)
{
	const struct recipient	*list;

	(void)state;
	expand_begin(NULL, false);
	assert_int_equal(add("many" HERE, 0).verdict, RCPT_OK);
	assert_int_equal(expand_results(&list), 1000);
	/* all of the same again: nothing is added */
	assert_int_equal(add("many" HERE, 0).results, 0);
	/* one more: not in this message, but in another */
	assert_int_equal(add("alice" HERE, 0).code, 452);
	assert_int_equal(add("other" HERE, 0).code, 452);
	assert_int_equal(expand_results(&list), 1000);
	assert_string_equal(becomes("more" HERE), "550 5.2.4");
	assert_string_equal(becomes("alice" HERE), "alice" HERE);
}

/* Much to look at, though few come of it. */
static void
test_visits(void **state)
{
	const struct recipient	*list;

	(void)state;
	assert_string_equal(becomes("wide" HERE), "bob" HERE);
	assert_string_equal(becomes("wider" HERE), "550 5.2.4");
	expand_begin(NULL, false);
	for (int i = 0; i < 9; i++)
		assert_int_equal(add("wide" HERE, 0).verdict, RCPT_OK);
	assert_int_equal(add("wide" HERE, 0).code, 452);
	assert_int_equal(expand_results(&list), 1);
	/* nothing more is looked at */
	expand_begin(NULL, false);
	assert_int_equal(add("wider" HERE, 0).code, 550);
	assert_int_equal(add("wide" HERE, 0).code, 452);
	assert_int_equal(add("alice" HERE, 0).code, 452);
	assert_int_equal(expand_results(&list), 0);
}

/* ---- several recipients ------------------------------------------------ */

static void
expect(size_t i, const char *address, uint8_t notify, const char *orcpt)
{
	const struct recipient	*list;

	assert_true(i < expand_results(&list));
	if (!str_equal(list[i].address, str_of(address)))
		fail_msg("%s: %.*s", address, STR_FMT(list[i].address));
	assert_int_equal(list[i].notify, notify);
	assert_true(str_equal(list[i].orcpt, str_of(orcpt)));
	assert_true(str_equal(list[i].orcpt_type,
	    str_of(orcpt[0] != '\0' ? "rfc822" : "")));
}

static void
test_dsn_parameters(void **state)
{
	const struct recipient	*list, *const *expanded;
	struct recipient	 own = { STR("root" HERE), NOTIFY_NEVER,
	    STR("rfc822"), STR("x@y.test") };
	struct rcpt_answer	 answer;

	(void)state;
	expand_begin(NULL, true);
	add("Info" HERE, NOTIFY_SUCCESS);
	add("x@else.test", NOTIFY_NEVER);
	add("alice+t" HERE, NOTIFY_FAILURE);	/* there is that one */
	add("\xc3\xbc" HERE, NOTIFY_NEVER);
	add("bob@old.test", 0);
	assert_int_equal(expand_results(&list), 5);
	/* of several its sender is told at once, and not of each success */
	expect(0, "alice" HERE, NOTIFY_FAILURE, "Info" HERE);
	expect(1, "bob" HERE, NOTIFY_NEVER, "Info" HERE);
	expect(2, "out@else.test", NOTIFY_NEVER, "Info" HERE);
	assert_int_equal(expand_expanded(&expanded), 1);
	assert_true(str_equal(expanded[0]->address, str_of("Info" HERE)));
	expect(3, "x@else.test", NOTIFY_NEVER, "");
	expect(4, "bob@old.test", 0, "");
	/* what the sender gave stays */
	expand_begin(NULL, true);
	expand_rcpt(&own, &answer);
	assert_int_equal(expand_expanded(&expanded), 0);
	expect(0, "alice" HERE, NOTIFY_NEVER, "x@y.test");
	/* nobody is told nothing because somebody else asked for that */
	add("alice" HERE, 0);
	expect(0, "alice" HERE, 0, "x@y.test");
	add("alice" HERE, NOTIFY_SUCCESS);
	expect(0, "alice" HERE, NOTIFY_SUCCESS | NOTIFY_FAILURE |
	    NOTIFY_DELAY, "x@y.test");
	assert_int_equal(expand_results(&list), 1);
}

static void
test_duplicates(void **state)
{
	const struct recipient	*list;

	(void)state;
	/* whom the sender names twice, and asks two things for */
	expand_begin(NULL, false);
	add("alice" HERE, NOTIFY_NEVER);
	assert_int_equal(add("alice" HERE, NOTIFY_FAILURE).results, 0);
	assert_int_equal(expand_results(&list), 1);
	expect(0, "alice" HERE, NOTIFY_FAILURE, "");
	add("info" HERE, 0);
	assert_int_equal(expand_results(&list), 3);
	add("ALICE" HERE, 0);
	add("bob" HERE, 0);
	assert_int_equal(expand_results(&list), 3);
	/* what was refused leaves nothing behind */
	expand_begin(NULL, false);
	assert_int_equal(add("unread" HERE, 0).verdict, RCPT_TEMPORARY);
	assert_int_equal(expand_results(&list), 0);
	assert_int_equal(add("bob" HERE, 0).results, 1);
	assert_int_equal(add("unread" HERE, 0).verdict, RCPT_TEMPORARY);
	assert_int_equal(add("nested" HERE, 0).results, 2);
	assert_int_equal(expand_results(&list), 3);
}

static void
test_slots_have_no_extension(void **state)
{
	uint32_t	 slot;

	(void)state;
	assert_int_equal(router_slot(str_of("carol+x@host.test"), &slot),
	    TABLE_FOUND);
	assert_int_equal(slot, 1);
	assert_int_equal(router_slot(str_of("dan+x@host.test"), &slot),
	    TABLE_ABSENT);
	assert_int_equal(router_slot(str_of("alice+x" HERE), &slot),
	    TABLE_FOUND);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_recipients),
		TEST(test_no_postmaster_is_named),
		TEST(test_refusals_say_why),
		TEST(test_depth),
		TEST(test_results),
		TEST(test_visits),
		TEST(test_dsn_parameters),
		TEST(test_duplicates),
		TEST(test_slots_have_no_extension),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
