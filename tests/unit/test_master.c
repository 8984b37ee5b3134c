/*
 * What master decides by itself: which roles run, what their jails leave
 * open, whose mailboxes are written; and how a log line looks.
 */
#include "plan.h"

#include <cdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "logger.h"
#include "mailbox_user.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define BASE		5250

/* ---- roles ------------------------------------------------------------- */

static const struct netblock_conf	 network = { { .family = 4 }, 8 };

static struct conf
basic(const struct listener_conf *l, size_t n)
{
	return (struct conf){ .uid_base = BASE, .mx_workers = 2,
	    .msa_workers = 3, .out_workers = 4, .listeners = l,
	    .n_listeners = n, .run_dir = STR("/run/p"),
	    .spool = STR("/var/spool/p"), .smtp_port = 25 };
}

static void
test_role_wanted(void **state)
{
	static const struct certificate_ref	 shown = { 0 };
	static const struct listener_conf	 mx[] = {
	    { .service = SERVICE_MX, .auth_table = TABLE_NONE } };
	static const struct listener_conf	 trusting[] = {
	    { .service = SERVICE_MX, .trust = &network, .n_trust = 1,
	    .auth_table = TABLE_NONE } };
	static const struct listener_conf	 local[] = {
	    { .service = SERVICE_LOCAL, .auth_table = TABLE_NONE } };
	static const struct listener_conf	 tls[] = {
	    { .service = SERVICE_MX, .auth_table = TABLE_NONE },
	    { .service = SERVICE_MX, .auth_table = TABLE_NONE,
	    .certificates = &shown, .n_certificates = 1 } };
	static const struct listener_conf	 users[] = {
	    { .service = SERVICE_SUBMISSION, .auth_table = 0,
	    .certificates = &shown, .n_certificates = 1 } };
	static const struct delivery_conf	 rule;
	static const struct {
		const struct listener_conf	*l;
		size_t				 n, deliveries;
		enum role			 role;
		unsigned			 wanted;
	} cases[] = {
		{ NULL, 0, 0, ROLE_LOG, 1 },
		{ NULL, 0, 0, ROLE_QUEUED, 1 },
		{ NULL, 0, 0, ROLE_RESOLVERD, 1 },
		{ NULL, 0, 0, ROLE_DELIVERD_OUT, 4 },
		{ NULL, 0, 0, ROLE_DELIVERD_LOCAL, 0 },
		{ NULL, 0, 1, ROLE_DELIVERD_LOCAL, 1 },
		{ NULL, 0, 0, ROLE_SMTPD_MX, 0 },
		{ NULL, 0, 0, ROLE_SMTPD_MSA, 0 },
		{ mx, 1, 0, ROLE_SMTPD_MX, 2 },
		{ mx, 1, 0, ROLE_SMTPD_MSA, 0 },
		/* trusted clients are handed over */
		{ trusting, 1, 0, ROLE_SMTPD_MX, 2 },
		{ trusting, 1, 0, ROLE_SMTPD_MSA, 3 },
		{ local, 1, 0, ROLE_SMTPD_MX, 0 },
		{ local, 1, 0, ROLE_SMTPD_MSA, 3 },
		{ mx, 1, 1, ROLE_KEYD_SIGN, 0 },
		{ tls, 2, 0, ROLE_KEYD_SIGN, 1 },
		{ tls, 2, 0, ROLE_KEYD_AUTH, 0 },
		{ users, 1, 0, ROLE_KEYD_SIGN, 1 },
		{ users, 1, 0, ROLE_KEYD_AUTH, 1 },
		{ users, 1, 0, ROLE_STATE, 1 },
		{ tls, 2, 1, ROLE_STATE, 0 },
		{ mx, 1, 1, ROLE_KEYD_CRED, 0 },
		{ mx, 1, 1, ROLE_DELIVERD_CONNECT, 0 },
		/* nothing configures these yet */
		{ mx, 1, 1, ROLE_DELIVERD_STS, 0 },
		{ mx, 1, 1, ROLE_SMTPD_API, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf	 conf = basic(cases[i].l, cases[i].n);

		conf.deliveries = &rule;
		conf.n_deliveries = cases[i].deliveries;
		assert_int_equal(role_wanted(&conf, cases[i].role),
		    cases[i].wanted);
	}
}

/* Those that depend on other lists than the listeners. */
static void
test_role_of_a_list(void **state)
{
	static const struct credential_conf	 credential;
	static const struct service_conf	 services[] = {
	    { .host = STR("mbox.test"), .port = 24 },
	    { .socket = STR("/run/lmtp") } };
	struct conf				 conf = basic(NULL, 0);

	(void)state;
	conf.credentials = &credential;
	conf.n_credentials = 1;
	assert_int_equal(role_wanted(&conf, ROLE_KEYD_CRED), 1);

	/* a host's addresses deliverd out finds and connects to itself */
	conf.services = services;
	conf.n_services = 1;
	assert_int_equal(role_wanted(&conf, ROLE_DELIVERD_CONNECT), 0);
	conf.n_services = 2;
	assert_int_equal(role_wanted(&conf, ROLE_DELIVERD_CONNECT), 1);
}

static bool
has_port(const struct confine *m, uint16_t port)
{
	for (size_t i = 0; i < m->n_ports; i++)
		if (m->ports[i].port == port)
			return true;
	return false;
}

static void
test_confine(void **state)
{
	const struct listener_conf	 l = { .message_size = 1000000 };
	const struct route_conf		 routes[] = { { .via_port = 2526 },
	    { .via_port = 25 } };
	const struct service_conf	 services[] = {
	    { .host = STR("mbox.test"), .port = 2424 },
	    { .socket = STR("/run/lmtp:7") },
	    { .addr = { .family = 4, .port = 2425 } } };
	const struct name_server_conf	 server = { { .port = 5353 }, false };
	struct conf			 conf = basic(&l, 1);
	struct confine			 m;
	struct plan_room		 room;

	(void)state;
	conf.routes = routes;
	conf.n_routes = COUNT(routes);
	conf.services = services;
	conf.n_services = COUNT(services);
	conf.name_servers = &server;
	conf.n_name_servers = 1;

	assert_int_equal(plan_confine(&conf, ROLE_SMTPD_MX, &m, &room), 0);
	assert_int_equal(m.uid, BASE + ROLE_SMTPD_MX);
	assert_int_equal(m.gid, m.uid);
	assert_true(str_equal(m.root, str_of("/run/p/empty")));
	assert_int_equal(m.file_size, 1000000 + 1048576);
	assert_int_equal(m.n_ports, 0);

	assert_int_equal(plan_confine(&conf, ROLE_QUEUED, &m, &room), 0);
	assert_true(str_equal(m.root, str_of("/var/spool/p")));
	assert_int_equal(m.n_ports, 0);

	/* beside the spool, where queued cannot touch it */
	assert_int_equal(plan_confine(&conf, ROLE_STATE, &m, &room), 0);
	assert_true(str_equal(m.root, str_of("/var/spool/p-state")));
	conf.spool = str_of("/var/spool/p//");
	assert_int_equal(plan_confine(&conf, ROLE_QUEUED, &m, &room), 0);
	assert_true(str_equal(m.root, str_of("/var/spool/p")));
	assert_int_equal(plan_confine(&conf, ROLE_STATE, &m, &room), 0);
	assert_true(str_equal(m.root, str_of("/var/spool/p-state")));
	assert_int_equal(m.n_ports, 0);

	assert_int_equal(plan_confine(&conf, ROLE_DELIVERD_OUT, &m, &room), 0);
	assert_int_equal(m.n_ports, 6);
	for (size_t i = 0; i < 6; i++)
		assert_true(has_port(&m, (const uint16_t[]){ 25, 24, 465, 587,
		    2526, 2424 }[i]));

	assert_int_equal(plan_confine(&conf, ROLE_DELIVERD_CONNECT, &m,
	    &room), 0);
	assert_int_equal(m.n_ports, 1);
	assert_true(has_port(&m, 2425));

	assert_int_equal(plan_confine(&conf, ROLE_RESOLVERD, &m, &room), 0);
	assert_int_equal(m.n_ports, 2);
	assert_true(has_port(&m, 53) && has_port(&m, 5353));
}

static void
test_too_many_ports(void **state)
{
	struct route_conf	 routes[PORTS_MAX];
	struct conf		 conf = basic(NULL, 0);
	struct confine		 m;
	struct plan_room	 room;

	(void)state;
	memset(routes, 0, sizeof(routes));
	for (size_t i = 0; i < PORTS_MAX; i++)
		routes[i].via_port = (uint16_t)(3000 + i);
	conf.routes = routes;
	conf.n_routes = PORTS_MAX - 4;
	assert_int_equal(plan_confine(&conf, ROLE_DELIVERD_OUT, &m, &room), 0);
	conf.n_routes++;
	assert_int_equal(plan_confine(&conf, ROLE_DELIVERD_OUT, &m, &room),
	    -1);
}

/* ---- users of mailboxes ------------------------------------------------ */

static void
test_user_parse(void **state)
{
	static const struct {
		const char	*text;
		int		 result;
	} cases[] = {
		{ "1000:1000:/home/a:a", 0 },
		{ "4294967294:0:/:a", 0 },
		{ "4294967295:1000:/home/a:a", -1 },
		{ "4294967296:1000:/home/a:a", -1 },
		{ "99999999999:1000:/home/a:a", -1 },
		{ "-1:1000:/home/a:a", -1 },
		{ "1000:1000:home:a", -1 },
		{ "1000:1000::a", -1 },
		{ "1000:1000:/home/a:", -1 },
		{ "1000:1000:/home/a", -1 },
		{ "1000::/home/a:a", -1 },
		{ ":1000:/home/a:a", -1 },
		{ "1000:1000:/home/a:a:b", -1 },
		{ " 1000:1000:/home/a:a", -1 },
		{ "", -1 },
	};
	struct mailbox_user	 u;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(mailbox_user_parse(str_of(cases[i].text),
		    &u), cases[i].result);
	mailbox_user_parse(str_of("1000:100:/home/a:alice"), &u);
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 100);
	assert_true(str_equal(u.home, str_of("/home/a")));
	assert_true(str_equal(u.name, str_of("alice")));
}

static int
make_table(void)
{
	static const char *const	 rows[][2] = {
	    { "alice", "0" }, { "#0", "1000:1000:/home/alice:alice" },
	    { "#1", "0:0:/root:root" }, { "#2", "5:5:/var:games" },
	    { "#3", "1001:0:/home/w:w" }, { "#4", "nonsense" },
	    { "#5", "5256:5256:/spool:q" }, { "#6", "33:33:/srv:www" },
	    { "#7", "65534:65534:/:nobody" } };
	char		 name[] = "/tmp/test_master.XXXXXX";
	struct cdb_make	 cdbm;
	int		 fd = mkstemp(name);

	assert_int_not_equal(fd, -1);
	unlink(name);
	cdb_make_start(&cdbm, fd);
	for (size_t i = 0; i < COUNT(rows); i++)
		cdb_make_add(&cdbm, rows[i][0], (unsigned)strlen(rows[i][0]),
		    rows[i][1], (unsigned)strlen(rows[i][1]));
	assert_int_equal(cdb_make_finish(&cdbm), 0);
	return fd;
}

static void
test_user_find(void **state)
{
	static const struct delivery_conf	 rules[] = {
		{ .as_recipient = true }, { .uid = 5300, .gid = 5300 },
		{ .uid = 0, .gid = 5300 }, { .uid = 5300, .gid = 0 },
		{ .uid = BASE, .gid = 5300 },
		{ .uid = BASE + ROLE_N - 1, .gid = 5300 },
		{ .uid = BASE + ROLE_N, .gid = BASE + ROLE_N },
		{ .uid = 999, .gid = 999 }, { .uid = 33, .gid = 33 },
	};
	static const struct delivery_uid	 www = { 33 };
	static const struct {
		unsigned		 rule, slot;
		enum mailbox_verdict	 verdict;
	} cases[] = {
		{ 0, 0, MAILBOX_USER_OK },
		{ 0, 1, MAILBOX_FORBIDDEN },	/* root */
		{ 0, 2, MAILBOX_FORBIDDEN },	/* of the system */
		{ 0, 3, MAILBOX_FORBIDDEN },	/* root's group */
		{ 0, 4, MAILBOX_BAD_TABLE },
		{ 0, 5, MAILBOX_FORBIDDEN },	/* queued */
		{ 0, 6, MAILBOX_USER_OK },	/* listed */
		{ 0, 7, MAILBOX_FORBIDDEN },	/* nobody */
		{ 0, 8, MAILBOX_NO_USER },
		{ 0, UINT32_MAX, MAILBOX_NO_USER },
		{ 1, 0, MAILBOX_USER_OK },
		{ 2, 0, MAILBOX_FORBIDDEN },
		{ 3, 0, MAILBOX_FORBIDDEN },
		{ 4, 0, MAILBOX_FORBIDDEN },
		{ 5, 0, MAILBOX_FORBIDDEN },
		{ 6, 0, MAILBOX_USER_OK },
		{ 7, 0, MAILBOX_FORBIDDEN },
		{ 8, 0, MAILBOX_USER_OK },	/* listed */
		{ COUNT(rules), 0, MAILBOX_NO_RULE },
		{ DELIVERY_NONE, 0, MAILBOX_NO_RULE },
	};
	struct conf		 conf = basic(NULL, 0);
	struct mailbox_user	 u;
	int			 fd = make_table();

	(void)state;
	conf.deliveries = rules;
	conf.n_deliveries = COUNT(rules);
	conf.delivery_uids = &www;
	conf.n_delivery_uids = 1;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(mailbox_user_find(&conf, fd,
		    (uint16_t)cases[i].rule, cases[i].slot, &u),
		    cases[i].verdict);
	assert_int_equal(mailbox_user_find(&conf, -1, 0, 0, &u),
	    MAILBOX_BAD_TABLE);
	close(fd);
}

static void
test_user_root(void **state)
{
	static const struct {
		const char	*path, *home, *root;
	} cases[] = {
		{ "/var/vmail/%{domain}/%{user}", "", "/var/vmail" },
		{ "/var/vmail/u-%{user}", "", "/var/vmail" },
		{ "/%{user}", "", "/" },
		{ "%{home}/Maildir", "/home/a", "/home/a" },
		{ "%{home}/Maildir", "", "/" },
		{ "/var/mail/all", "", "/var/mail" },
		{ "", "", "/" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mailbox_user	 u = { .home = str_of(cases[i].home) };
		struct str		 root;

		root = mailbox_user_root(str_of(cases[i].path), &u);
		assert_true(str_equal(root, str_of(cases[i].root)));
	}
}

/* ---- log lines --------------------------------------------------------- */

static void
test_log_time(void **state)
{
	static const struct {
		uint64_t	 s;
		const char	*text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.007Z" },
		{ 951782399, "2000-02-28T23:59:59.007Z" },
		{ 951782400, "2000-02-29T00:00:00.007Z" },
		{ 951868800, "2000-03-01T00:00:00.007Z" },
		{ 1709164800, "2024-02-29T00:00:00.007Z" },
		{ 1735689599, "2024-12-31T23:59:59.007Z" },
		{ 1735689600, "2025-01-01T00:00:00.007Z" },
		{ 1795266855, "2026-11-21T13:14:15.007Z" },
		{ 4107542400, "2100-03-01T00:00:00.007Z" },
		{ 4107456000, "2100-02-28T00:00:00.007Z" },
	};
	char	 text[LOGGER_TIME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		logger_time(cases[i].s * 1000 + 7, text);
		assert_string_equal(text, cases[i].text);
	}
	/* whatever a process says the time is */
	logger_time(UINT64_MAX, text);
	assert_true(strlen(text) < sizeof(text));
}

static void
test_log_line(void **state)
{
	static const char	 evil[] = "a\n2026 master[0]: b\r\0\x1b[2J\x7f"
	    "\xc3";
	static const char	 expected[] =
	    "1970-01-01T00:00:00.001Z mx[3]: warn: log-dropped lines=2\n"
	    "1970-01-01T00:00:00.001Z mx[3]: info: a?2026 master[0]: b???[2J?"
	    "\xc3\n"
	    "1970-01-01T00:00:00.001Z log[0]: ?: x\n";
	struct log_line		 m = { LEVEL_INFO, 1, 2,
	    { evil, sizeof(evil) - 1 } };
	struct buf		 b = BUF_INIT(4096);

	(void)state;
	logger_format(&b, ROLE_SMTPD_MX, 3, &m);
	m = (struct log_line){ LEVEL_N, 1, 0, STR("x") };
	logger_format(&b, ROLE_LOG, 0, &m);
	assert_int_equal(b.len, sizeof(expected) - 1);
	assert_memory_equal(buf_data(&b), expected, b.len);
	buf_clear(&b);
}

static void
no_line(enum log_level level, const char *line, size_t n)
{
	(void)level, (void)line, (void)n;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_role_wanted),
		cmocka_unit_test(test_role_of_a_list),
		cmocka_unit_test(test_confine),
		cmocka_unit_test(test_too_many_ports),
		cmocka_unit_test(test_user_parse),
		cmocka_unit_test(test_user_find),
		cmocka_unit_test(test_user_root),
		cmocka_unit_test(test_log_time),
		cmocka_unit_test(test_log_line),
	};

	log_set_sink(no_line);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
