/*
 * Delivery into Maildirs: what is written, where, and all the things that
 * may be in its way.  Runs in a directory of its own, never as root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <sys/syscall.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "log.h"
#include "maildir.h"
#include "mailpath.h"

#define NOBODY	65534

static char	 base[128];		/* of the test that runs */

/* ---- paths ------------------------------------------------------------- */

static void
check_path(const char *rule, const char *home, struct str rcpt,
    enum mailpath_result result, const char *at, const char *below)
{
	struct mailpath	 p;

	assert_int_equal(mailpath_expand(&p, str_of(rule), str_of(home),
	    rcpt), result);
	if (result != MAILPATH_OK)
		return;
	assert_string_equal(p.base, at);
	assert_string_equal(p.below, below);
}

static void
test_paths(void **state)
{
	static const struct {
		const char	*rule, *home, *rcpt, *base, *below;
	} good[] = {
		{ "/var/vmail/%{domain}/%{user}", "", "A.b@Example.ORG",
		    "/var/vmail", "example.org/a.b" },
		{ "%{home}/Maildir", "/home/ann", "ann@a.test", "/home/ann",
		    "Maildir" },
		{ "/m/x-%{user}/", "", "ann@a.test", "/m", "x-ann" },
		{ "/m//%{domain}//%{user}//d", "", "ann@a.test", "/m",
		    "a.test/ann/d" },
		{ "/m/all", "", "ann@a.test", "/m", "all" },
		{ "/%{user}", "", "ann@a.test", "/", "ann" },
		{ "/m/%{user}", "", "\"a b\"@a.test", "/m", "a b" },
		{ "/m/%{user}", "", "..ann@a.test", "/m", "..ann" },
		{ "/m/%{user}", "", "ann", "/m", "ann" },
	};
	static const struct {
		const char		*rule, *home, *rcpt;
		enum mailpath_result	 result;
	} bad[] = {
		{ "/m/%{user}", "", "a/b@a.test", MAILPATH_BAD_ADDRESS },
		{ "/m/%{user}", "", "../../etc@a.test", MAILPATH_BAD_ADDRESS },
		{ "/m/%{user}", "", "\"..\"@a.test", MAILPATH_BAD_ADDRESS },
		{ "/m/%{user}", "", "\".\"@a.test", MAILPATH_BAD_ADDRESS },
		{ "/m/%{user}", "", "\"\"@a.test", MAILPATH_BAD_ADDRESS },
		{ "/m/%{user}/x", "", "\"a\tb\"@a.test",
		    MAILPATH_BAD_ADDRESS },
		{ "/m/.%{user}/x", "", "\".\"@a.test", MAILPATH_BAD_ADDRESS },
		{ "/m/%{domain}/x", "", "ann", MAILPATH_BAD_ADDRESS },
		{ "/m/%{user}", "", "", MAILPATH_BAD_ADDRESS },
		{ "m/%{user}", "", "ann@a.test", MAILPATH_BAD_RULE },
		{ "%{user}", "", "ann@a.test", MAILPATH_BAD_RULE },
		{ "/m/%{what}", "", "ann@a.test", MAILPATH_BAD_RULE },
		{ "/m/%{home}", "/h", "ann@a.test", MAILPATH_BAD_RULE },
		{ "/m/%", "", "ann@a.test", MAILPATH_BAD_RULE },
		{ "%{home}", "/h", "ann@a.test", MAILPATH_BAD_RULE },
		{ "%{home}/d", "", "ann@a.test", MAILPATH_BAD_RULE },
		{ "", "", "ann@a.test", MAILPATH_BAD_RULE },
		{ "/m/../%{user}", "", "ann@a.test", MAILPATH_OK },
		{ "/m/%{user}/../x", "", "ann@a.test", MAILPATH_BAD_ADDRESS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		check_path(good[i].rule, good[i].home, str_of(good[i].rcpt),
		    MAILPATH_OK, good[i].base, good[i].below);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		/* before the first variable all is the postmaster's */
		check_path(bad[i].rule, bad[i].home, str_of(bad[i].rcpt),
		    bad[i].result, "/m/..", "ann");
	check_path("/m/%{user}", "", str_bytes("a\0b@a.test", 10),
	    MAILPATH_BAD_ADDRESS, "", "");
}

/* Every octet alone as a user: either refused or one plain name. */
static void
test_octets(void **state)
{
	struct mailpath	 p;
	char		 rcpt[] = "\"x\"@a.test";

	(void)state;
	for (int o = 0; o < 256; o++) {
		rcpt[1] = (char)o;
		if (mailpath_expand(&p, str_of("/m/%{user}"), STR_NONE,
		    str_bytes(rcpt, sizeof(rcpt) - 1)) != MAILPATH_OK)
			continue;
		assert_true(o > ' ' - 1 && o != '/' && o != '.' && o != 0x7f);
		assert_int_equal(strlen(p.below), 1);
	}
}

/* ---- deliveries -------------------------------------------------------- */

static const char	header[] = "Return-Path: <old@a.test>\r\n"
			    "Received: by x\r\n\tfor y\r\n"
			    "return-path:\r\n <folded@a.test>\r\n"
			    "Subject: s\r\n\r\n";
static const char	body[] = "a\r\n.\r\nFrom b\r\nc\rd\r\n";
static const char	written[] = "Return-Path: <s@a.test>\n"
			    "Delivered-To: ann@b.test\n"
			    "Received: by x\n\tfor y\nSubject: s\n\n"
			    "a\n.\nFrom b\nc\rd\n";

static const struct maildir_mail original = {
	.base = base, .below = "b.test/ann",
	.hostname = STR("mx/1:2.test"),
	.sender = STR("s@a.test"), .rcpt = STR("ann@b.test"),
	.header = STR(header), .body = STR(body), .fd = -1,
};
static struct maildir_mail	 mail;	/* as each test makes it */

static const char *
path(const char *name)
{
	static char	 text[512];

	snprintf(text, sizeof(text), "%s/%s", base, name);
	return text;
}

static void
deliver(enum rcpt_status status, const char *code)
{
	struct maildir_result	 r;

	maildir_deliver(&mail, &r);
	if (r.status != status || strcmp(r.code, code) != 0)
		fail_msg("%s: %d %s: %s", base, r.status, r.code, r.text);
}

/* How many names in that directory; the last one in name. */
static size_t
count(const char *dir, char name[256])
{
	struct dirent	*e;
	size_t		 n = 0;
	DIR		*d = opendir(path(dir));

	if (d == NULL)
		return 0;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			n++;
			snprintf(name, 256, "%s", e->d_name);
		}
	closedir(d);
	return n;
}

static void
check_new(size_t n, const char *text)
{
	char	 name[256], file[600], read_back[4096];
	int	 fd;
	ssize_t	 len;

	assert_int_equal(count("b.test/ann/tmp", name), 0);
	assert_int_equal(count("b.test/ann/new", name), n);
	if (n == 0)
		return;
	snprintf(file, sizeof(file), "%s/b.test/ann/new/%s", base, name);
	assert_true((fd = open(file, O_RDONLY)) != -1);
	len = read(fd, read_back, sizeof(read_back) - 1);
	close(fd);
	assert_true(len > 0);
	read_back[len] = '\0';
	assert_string_equal(read_back, text);
	assert_non_null(strstr(name, ".mx12.test,S="));
}

static void
test_delivery(void **state)
{
	struct stat	 st;
	char		 name[256];

	(void)state;
	deliver(RCPT_DELIVERED, "2.0.0");
	check_new(1, written);
	assert_int_equal(count("b.test/ann", name), 3);
	assert_int_equal(stat(path("b.test/ann"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	deliver(RCPT_DELIVERED, "2.0.0");
	deliver(RCPT_DELIVERED, "2.0.0");
	check_new(3, written);
}

static void
test_null_sender(void **state)
{
	(void)state;
	mail.sender = STR_NONE;
	mail.header = (struct str)STR("\r\n");
	mail.body = STR_NONE;
	deliver(RCPT_DELIVERED, "2.0.0");
	check_new(1, "Return-Path: <>\nDelivered-To: ann@b.test\n\n");
}

/* No address can begin a field of its own. */
static void
test_injection(void **state)
{
	(void)state;
	mail.sender = (struct str)STR("a\nX-Evil: 1\r@b");
	mail.header = (struct str)STR("\r\n");
	mail.body = STR_NONE;
	deliver(RCPT_DELIVERED, "2.0.0");
	check_new(1, "Return-Path: <a X-Evil: 1 @b>\n"
	    "Delivered-To: ann@b.test\n\n");
}

/* A large body, with CRLFs on both sides of each piece's end. */
static void
test_file(void **state)
{
	char		 name[256], file[] = "/tmp/test_maildir.XXXXXX";
	struct stat	 st;
	const size_t	 lines = 100001;
	FILE		*f;

	(void)state;
	mail.fd = mkstemp(file);
	assert_true(mail.fd != -1);
	unlink(file);
	f = fdopen(dup(mail.fd), "w");
	for (size_t i = 0; i < lines; i++)
		fputs("abc\r\n", f);
	assert_int_equal(fclose(f), 0);
	mail.body = STR_NONE;
	deliver(RCPT_DELIVERED, "2.0.0");
	close(mail.fd);
	assert_int_equal(count("b.test/ann/new", name), 1);
	snprintf(file, sizeof(file), "S=");
	assert_int_equal(chdir(path("b.test/ann/new")), 0);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(st.st_size, (off_t)(strlen(written) -
	    strlen("a\n.\nFrom b\nc\rd\n") + 4 * lines));
	assert_int_equal(strtoull(strstr(name, "S=") + 2, NULL, 10),
	    st.st_size);
}

static void
test_loop(void **state)
{
	static const char	 loops[] = "Received: x\r\n"
				    "Delivered-To: other@b.test\r\n"
				    "delivered-to:\r\n Ann@B.test \r\n\r\n";
	static const char	 passes[] = "Delivered-To: annie@b.test\r\n"
				    "X-Delivered-To: ann@b.test\r\n\r\n";

	(void)state;
	mail.header = (struct str)STR(loops);
	deliver(RCPT_FAILED, "5.4.6");
	check_new(0, NULL);
	mail.header = (struct str)STR(passes);
	deliver(RCPT_DELIVERED, "2.0.0");
}

static void
touch(const char *name, time_t age)
{
	const struct utimbuf	 times = { time(NULL) - age,
				    time(NULL) - age };
	int			 fd = open(path(name), O_WRONLY | O_CREAT,
				    0600);

	assert_true(fd != -1);
	close(fd);
	assert_int_equal(utime(path(name), &times), 0);
}

/* What an end in the middle has left goes after 36 hours, not before. */
static void
test_clean(void **state)
{
	char	 name[256];

	(void)state;
	deliver(RCPT_DELIVERED, "2.0.0");
	touch("b.test/ann/tmp/old", 37 * 3600);
	touch("b.test/ann/tmp/young", 35 * 3600);
	assert_int_equal(symlink("old", path("b.test/ann/tmp/link")), 0);
	for (int i = 0; i < 100; i++)
		deliver(RCPT_DELIVERED, "2.0.0");
	assert_int_not_equal(access(path("b.test/ann/tmp/old"), F_OK), 0);
	assert_int_equal(access(path("b.test/ann/tmp/young"), F_OK), 0);
	assert_int_equal(count("b.test/ann/tmp", name), 2);
}

/* ---- in which order it comes to the disk ------------------------------- */

static char	 order[256];	/* "dir file link ", as it was done */

static void
note(const char *what)
{
	size_t	 n = strlen(order);

	snprintf(order + n, sizeof(order) - n, "%s ", what);
}

/* In the place of the C library's, for all that is linked in here. */
int
fsync(int fd)
{
	char		 link[64], target[512] = "";
	struct stat	 st;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == -1 ||
	    readlink(link, target, sizeof(target) - 1) == -1)
		return -1;
	note(S_ISREG(st.st_mode) ? "file" : strcmp(target, base) == 0 ?
	    "base" : strrchr(target, '/') + 1);
	return (int)syscall(SYS_fsync, fd);
}

int
linkat(int from, const char *a, int to, const char *b, int flags)
{
	note("link");
	return (int)syscall(SYS_linkat, from, a, to, b, flags);
}

/* The content before its name, and its name before anybody is told. */
static void
test_synced(void **state)
{
	(void)state;
	order[0] = '\0';
	deliver(RCPT_DELIVERED, "2.0.0");
	assert_string_equal(order, "base b.test ann ann ann file link new ");
	order[0] = '\0';
	deliver(RCPT_DELIVERED, "2.0.0");
	assert_string_equal(order, "file link new ");
}

/* ---- what may be in the way -------------------------------------------- */

static void
make(char kind, const char *name, const char *to)
{
	switch (kind) {
	case 'd':
		assert_int_equal(mkdir(path(name), 0700), 0);
		break;
	case 'w':	/* open to everybody */
		assert_int_equal(mkdir(path(name), 0700), 0);
		assert_int_equal(chmod(path(name), 0777), 0);
		break;
	case 'x':	/* closed to us */
		assert_int_equal(mkdir(path(name), 0500), 0);
		break;
	case 'l':
		assert_int_equal(symlink(to, path(name)), 0);
		break;
	case 'p':
		assert_int_equal(mkfifo(path(name), 0600), 0);
		break;
	case 'f':
		touch(name, 0);
		break;
	}
}

struct layout {
	struct { char kind; const char *name, *to; } entries[6];
	const char	*code;
};

#define ANN	{ 'd', "b.test", NULL }, { 'd', "b.test/ann", NULL }

static const struct layout layouts[] = {
	{ { { 'l', "b.test", "/tmp" } }, "4.3.5" },
	{ { { 'l', "b.test", "other" }, { 'd', "other", NULL } }, "4.3.5" },
	{ { { 'l', "b.test", "nowhere" } }, "4.3.5" },
	{ { { 'l', "b.test", "b.test" } }, "4.3.5" },
	{ { { 'f', "b.test", NULL } }, "4.3.5" },
	{ { { 'p', "b.test", NULL } }, "4.3.5" },
	{ { { 'w', "b.test", NULL } }, "4.3.5" },
	{ { { 'x', "b.test", NULL } }, "4.3.5" },
	{ { { 'd', "b.test", NULL }, { 'l', "b.test/ann", ".." } }, "4.3.5" },
	{ { { 'd', "b.test", NULL }, { 'l', "b.test/ann", "/etc" } },
	    "4.3.5" },
	{ { { 'd', "b.test", NULL }, { 'f', "b.test/ann", NULL } }, "4.3.5" },
	{ { { 'd', "b.test", NULL }, { 'p', "b.test/ann", NULL } }, "4.3.5" },
	{ { { 'd', "b.test", NULL }, { 'w', "b.test/ann", NULL } }, "4.3.5" },
	{ { { 'd', "b.test", NULL }, { 'x', "b.test/ann", NULL } }, "4.3.5" },
	{ { ANN, { 'l', "b.test/ann/tmp", "../../other" }, { 'd', "other",
	    NULL } }, "4.3.5" },
	{ { ANN, { 'l', "b.test/ann/tmp", "new" }, { 'd', "b.test/ann/new",
	    NULL } }, "4.3.5" },
	{ { ANN, { 'l', "b.test/ann/new", "../../other" }, { 'd', "other",
	    NULL } }, "4.3.5" },
	{ { ANN, { 'l', "b.test/ann/new", "nowhere" } }, "4.3.5" },
	{ { ANN, { 'l', "b.test/ann/cur", "/tmp" } }, "4.3.5" },
	{ { ANN, { 'f', "b.test/ann/tmp", NULL } }, "4.3.5" },
	{ { ANN, { 'p', "b.test/ann/tmp", NULL } }, "4.3.5" },
	{ { ANN, { 'w', "b.test/ann/tmp", NULL } }, "4.3.5" },
	{ { ANN, { 'x', "b.test/ann/tmp", NULL } }, "4.3.5" },
	{ { ANN, { 'f', "b.test/ann/new", NULL } }, "4.3.5" },
	{ { ANN, { 'p', "b.test/ann/new", NULL } }, "4.3.5" },
	{ { ANN, { 'x', "b.test/ann/new", NULL } }, "4.3.5" },
	{ { ANN, { 'f', "b.test/ann/cur", NULL } }, "4.3.5" },
	{ { ANN, { 'p', "b.test/ann/cur", NULL } }, "4.3.5" },
};

static int	 make_base(void **);
static int	 drop_base(void **);

static void
test_layouts(void **state)
{
	char	 name[256];

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct layout	*l = &layouts[i];

		assert_int_equal(drop_base(state), 0);
		assert_int_equal(make_base(state), 0);
		for (size_t j = 0; j < 6 && l->entries[j].kind != '\0'; j++)
			make(l->entries[j].kind, l->entries[j].name,
			    l->entries[j].to);
		deliver(RCPT_DEFERRED, l->code);
		assert_int_equal(count("b.test/ann/new", name), 0);
		assert_int_equal(count("other", name), 0);
	}
}

/* The base itself may be reached by links, but must be there. */
static void
test_base(void **state)
{
	char	 saved[64];

	(void)state;
	snprintf(saved, sizeof(saved), "%.60s", base);
	assert_int_equal(mkdir(path("real"), 0700), 0);
	assert_int_equal(symlink("real", path("link")), 0);
	snprintf(base, sizeof(base), "%s/link", saved);
	deliver(RCPT_DELIVERED, "2.0.0");
	check_new(1, written);
	snprintf(base, sizeof(base), "%s/missing", saved);
	deliver(RCPT_DEFERRED, "4.3.5");
	snprintf(base, sizeof(base), "%s", saved);
}

static void
test_foreign(void **state)
{
	(void)state;
	/* root's, on the way, is fine; root's Maildir is not ours */
	mail.base = "/";
	mail.below = "usr";
	deliver(RCPT_DEFERRED, "4.3.5");
	mail.below = "etc/maildir";
	deliver(RCPT_DEFERRED, "4.3.5");
}

/* ---- the test's own directory ------------------------------------------ */

static void
remove_tree(const char *dir)
{
	char	 command[512];

	/* fixed text and a name of our own making */
	snprintf(command, sizeof(command), "chmod -R u+rwx %s 2>/dev/null; "
	    "rm -rf %s", dir, dir);
	assert_int_equal(system(command), 0);
}

static int
make_base(void **state)
{
	(void)state;
	mail = original;
	snprintf(base, sizeof(base), "/tmp/test_maildir.XXXXXX");
	return mkdtemp(base) != NULL ? 0 : -1;
}

static int
drop_base(void **state)
{
	(void)state;
	remove_tree(base);
	return 0;
}

static void
no_log(enum log_level level, const char *line, size_t n)
{
	(void)level, (void)line, (void)n;
}

#define IN_BASE(test)	cmocka_unit_test_setup_teardown(test, make_base, \
			    drop_base)

static void
test_root(void **state)
{
	(void)state;
	if (geteuid() == 0)
		deliver(RCPT_DEFERRED, "4.3.5");
}

int
main(void)
{
	const struct CMUnitTest	as_root[] = { IN_BASE(test_root) };
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_octets),
		IN_BASE(test_delivery),
		IN_BASE(test_null_sender),
		IN_BASE(test_injection),
		IN_BASE(test_file),
		IN_BASE(test_loop),
		IN_BASE(test_clean),
		IN_BASE(test_synced),
		IN_BASE(test_layouts),
		IN_BASE(test_base),
		IN_BASE(test_foreign),
	};

	log_set_sink(no_log);
	if (cmocka_run_group_tests(as_root, NULL, NULL) != 0)
		return 1;
	if (geteuid() == 0 && (setgroups(0, NULL) == -1 ||
	    setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
	    setresuid(NOBODY, NOBODY, NOBODY) == -1))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
