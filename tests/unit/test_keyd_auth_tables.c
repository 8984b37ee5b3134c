/*
 * The tables of users: who is found, by which configuration's number, what
 * a stranger's check costs, and which entries are complained of.
 */
#include "auth_tables.h"

#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cdb.h>
#include <cmocka.h>
#include <sodium.h>

#include "log.h"
#include "proc.h"

#define ARGON2		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ"	\
			"$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"
#define ARGON2_ABSURD	"$argon2id$v=19$m=4194304,t=2,p=2$c29tZXNhbHQ"	\
			"$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"
#define BCRYPT		"$2y$05$abcdefghijklmnopqrstuu1C7yeI3ZG3Jm.nHd"	\
			"nKkGJg1xTYKP9Oy"

enum { USERS, NOBODY, NOT_OURS, N_TABLES };

static const struct table_conf	 table_confs[N_TABLES] = {
	[USERS] = { { STR("postern.conf"), 7 }, STR("users"), TABLE_FILE,
	    STR("/etc/users"), 0 },
	[NOBODY] = { { STR("postern.conf"), 8 }, STR("nobody"), TABLE_FILE,
	    STR("/etc/nobody"), 0 },
	[NOT_OURS] = { { STR("postern.conf"), 9 }, STR("aliases"), TABLE_FILE,
	    STR("/etc/aliases"), 0 },
};
static struct conf		 conf = {
	.number = 5, .tables = table_confs, .n_tables = N_TABLES,
};
static int			 fds[N_TABLES];
static struct auth_tables	*tables;
static char			 why[TEXT_MAX];

int
proc_table(unsigned table)
{
	return table < N_TABLES ? fds[table] : -1;
}

/* ---- the log ----------------------------------------------------------- */

static unsigned	 n_lines;
static char	 lines[32][LOG_LINE_MAX];

static void
sink(enum log_level level, const char *line, size_t n)
{
	(void)level;
	if (n_lines < 32)
		snprintf(lines[n_lines], LOG_LINE_MAX, "%.*s", (int)n, line);
	n_lines++;
}

/* ---- tables ------------------------------------------------------------ */

static struct cdb_make	 making;

static void
begin(unsigned table)
{
	fds[table] = memfd_create("table", 0);
	assert_int_equal(cdb_make_start(&making, fds[table]), 0);
}

static void
user(const char *name, const char *entry)
{
	assert_int_equal(cdb_make_add(&making, name, (unsigned)strlen(name),
	    entry, (unsigned)strlen(entry)), 0);
}

static void
end(void)
{
	assert_int_equal(cdb_make_finish(&making), 0);
}

static int
set_up(void **state)
{
	(void)state;
	log_set_sink(sink);
	n_lines = 0;
	begin(USERS);
	user("alice", BCRYPT);
	user("bob@example.org", ARGON2 ":1000:1000");
	user("carol", ARGON2);
	user("mallory", ARGON2_ABSURD);
	user("evil\n\x1b[1m", "{PLAIN}secret");
	end();
	begin(NOBODY);
	end();
	fds[NOT_OURS] = -1;
	tables = auth_tables_open(NULL, &conf, why, sizeof(why));
	return tables != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	auth_tables_free(tables);
	close(fds[USERS]);
	close(fds[NOBODY]);
	log_set_sink(NULL);
	return 0;
}

static enum auth_found
find(unsigned table, const char *name, struct auth_entry *e)
{
	return auth_tables_find(tables, 5, table, str_of(name), e);
}

/* ---- tests ------------------------------------------------------------- */

static void
users(void **state)
{
	struct auth_entry	 e;

	(void)state;
	assert_int_equal(find(USERS, "alice", &e), AUTH_KNOWN);
	assert_true(str_equal(e.hash, str_of(BCRYPT)));
	assert_int_equal(find(USERS, "ALICE", &e), AUTH_KNOWN);
	assert_int_equal(find(USERS, "Bob@Example.ORG", &e), AUTH_KNOWN);
	assert_true(str_equal(e.hash, str_of(ARGON2)));
	assert_int_equal(find(USERS, "bob", &e), AUTH_UNKNOWN);
	assert_int_equal(find(USERS, "", &e), AUTH_UNKNOWN);
	assert_int_equal(find(NOT_OURS, "alice", &e), AUTH_NO_TABLE);
	assert_int_equal(find(N_TABLES, "alice", &e), AUTH_NO_TABLE);
	assert_int_equal(find(TABLE_NONE, "alice", &e), AUTH_NO_TABLE);
}

/* Strangers and broken entries get what most users have. */
static void
auth_timing(void **state)
{
	static const char *const	 names[] = { "dave", "mallory", "x" };
	struct auth_entry		 known, e;

	(void)state;
	assert_int_equal(find(USERS, "carol", &known), AUTH_KNOWN);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		memset(&e, 0, sizeof(e));
		assert_int_equal(find(USERS, names[i], &e), AUTH_UNKNOWN);
		assert_true(auth_cost_equal(&e.cost, &known.cost));
		assert_int_not_equal(e.hash.n, 0);
	}
	/* where there is nobody: as much as for a new password */
	assert_int_equal(find(NOBODY, "carol", &e), AUTH_UNKNOWN);
	assert_int_equal(e.cost.scheme, AUTH_ARGON2ID);
	assert_int_equal(e.cost.kib, 65536);
	assert_int_equal(e.cost.passes, 3);
}

/* Complained of, one by one; nobody else is locked out by them. */
static void
auth_params(void **state)
{
	(void)state;
	assert_int_equal(n_lines, 2);
	assert_string_equal(lines[0], "auth-entry table=users "
	    "file=/etc/users user=\"mallory\": parameters out of their "
	    "bounds");
	assert_string_equal(lines[1], "auth-entry table=users "
	    "file=/etc/users user=\"evil\\x0a\\x1b[1m\": no kind of hash "
	    "that is taken");
}

static void
many_broken(void **state)
{
	char	 name[16];

	(void)state;
	auth_tables_free(tables);
	close(fds[USERS]);
	n_lines = 0;
	begin(USERS);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		user(name, "x");
	}
	end();
	tables = auth_tables_open(NULL, &conf, why, sizeof(why));
	assert_non_null(tables);
	assert_int_equal(n_lines, 11);
	assert_string_equal(lines[10], "auth-entry table=users broken=1000, "
	    "of which 10 are named");
}

static void
no_database(void **state)
{
	int	 old = fds[USERS];

	(void)state;
	fds[USERS] = memfd_create("short", 0);
	assert_null(auth_tables_open(NULL, &conf, why, sizeof(why)));
	assert_string_equal(why, "postern.conf:7: table users: not a "
	    "database");
	close(fds[USERS]);
	fds[USERS] = old;
}

/* Bytes of a database that was damaged lead nowhere. */
static void
damaged_database(void **state)
{
	static char		 copy[1 << 16];
	struct auth_entry	 e;
	ssize_t			 n = pread(fds[USERS], copy, sizeof(copy), 0);
	int			 old = fds[USERS];

	(void)state;
	assert_true(n > 0);
	for (ssize_t at = 0; at < n; at += 3) {
		struct auth_tables	*t;
		char			 was = copy[at];

		copy[at] ^= (char)0xff;
		fds[USERS] = memfd_create("damaged", 0);
		assert_int_equal(write(fds[USERS], copy, (size_t)n), n);
		t = auth_tables_open(NULL, &conf, why, sizeof(why));
		if (t != NULL)
			auth_tables_find(t, 5, USERS, str_of("carol"), &e);
		auth_tables_free(t);
		close(fds[USERS]);
		copy[at] = was;
	}
	fds[USERS] = old;
}

/* Who asks with the number before means the table of that name. */
static void
renumbered(void **state)
{
	static const struct table_conf	 old_tables[] = {
		{ .name = STR("gone") }, { .name = STR("nobody") },
		{ .name = STR("users") },
	};
	const struct conf	 old = { .number = 4, .tables = old_tables,
	    .n_tables = 3 };
	struct auth_entry	 e;

	(void)state;
	auth_tables_free(tables);
	tables = auth_tables_open(&old, &conf, why, sizeof(why));
	assert_int_equal(auth_tables_conf(tables), 5);
	assert_int_equal(auth_tables_find(tables, 4, 2, str_of("alice"), &e),
	    AUTH_KNOWN);
	assert_int_equal(auth_tables_find(tables, 4, 1, str_of("alice"), &e),
	    AUTH_UNKNOWN);
	assert_int_equal(auth_tables_find(tables, 4, 0, str_of("alice"), &e),
	    AUTH_NO_TABLE);
	assert_int_equal(auth_tables_find(tables, 4, 3, str_of("alice"), &e),
	    AUTH_NO_TABLE);
	assert_int_equal(auth_tables_find(tables, 3, 0, str_of("alice"), &e),
	    AUTH_NO_TABLE);
	assert_int_equal(auth_tables_find(tables, 6, 0, str_of("alice"), &e),
	    AUTH_NO_TABLE);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(users),
		TEST(auth_timing),
		TEST(auth_params),
		TEST(many_broken),
		TEST(no_database),
		TEST(damaged_database),
		TEST(renumbered),
	};

	if (sodium_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
