/*
 * keyd, as the real program in the roles auth and cred: what it answers to
 * msa and out, under a flood, over a reload and after it, and what stays of
 * a password in its memory.
 *
 * usage: keyd_probe BUILD
 */
#include "driver.h"

#include <cdb.h>

#define BCRYPT		"$2y$05$abcdefghijklmnopqrstuu1C7yeI3ZG3Jm.nHd"	\
			"nKkGJg1xTYKP9Oy"	/* "secret word" */
#define SLOW		"$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHQ"	\
			"$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
#define ABSURD		"$argon2id$v=19$m=4194304,t=4,p=1$c29tZXNhbHQ"	\
			"$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
#define SHA512		"$6$saltstring$U3owk.A3em1YhhL4.d5htGURGQiw9vbrH" \
			"yYJW1QDaEVWqcTDbTnt2gGIuyWd4HdCTnzrO1SBtVpzC9X" \
			"tohtr.0"		/* the same */
#define SCRAM		"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5" \
			"d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLw" \
			"cE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
						/* "pencil" */
#define WAIT_MS		DEADLINE_MS
#define MAP_MAX		(1UL << 30)	/* beyond: a sanitizer's shadow */
#define CREDIT		64	/* of AUTH_CHECK, messages.h */

static struct conf	 second;	/* the configuration of a reload */

/* ---- tables and asking ------------------------------------------------- */

static const struct table_conf	 tables[] = {
	{ .name = STR("others") }, { .name = STR("users"), .file =
	    STR("/etc/users") },
};
static const struct table_conf	 second_tables[] = {
	{ .name = STR("users"), .file = STR("/etc/users") },
};

static int
table(const char *const (*rows)[2])
{
	struct cdb_make	 m;
	struct str	 made;
	char		 room[65536];
	int		 fd = memfd_create("table", 0), sealed;

	cdb_make_start(&m, fd);
	for (; (*rows)[0] != NULL; rows++)
		cdb_make_add(&m, (*rows)[0], (unsigned)strlen((*rows)[0]),
		    (*rows)[1], (unsigned)strlen((*rows)[1]));
	cdb_make_finish(&m);
	made = str_bytes(room, (size_t)pread(fd, room, sizeof(room), 0));
	sealed = sealed_new("table", made);
	close(fd);
	return sealed;
}

static void
hand_tables(struct frame_channel *c)
{
	static const char *const	 users[][2] = {
		{ "alice", BCRYPT }, { "bob", SHA512 ":1000" },
		{ "carol", SCRAM }, { "slow", SLOW }, { "mallory", ABSURD },
		{ NULL, NULL } };
	struct table			 m = { 1 };

	tell(c, MSG_TABLE, 5, table(users), &m);
}

static void
hand_second(struct frame_channel *c)
{
	static const char *const	 users[][2] = {
		{ "dora", BCRYPT }, { NULL, NULL } };
	struct table			 m = { 0 };

	tell(c, MSG_TABLE, 5, table(users), &m);
}

static void
ask(struct frame_channel *c, uint32_t id, uint32_t conf, uint16_t at,
    const char *user, const char *password)
{
	struct auth_check	 m = { conf, at, str_of(user),
	    str_of(password) };

	tell(c, MSG_AUTH_CHECK, id, -1, &m);
}

static enum secret_result
check(struct frame_channel *c, uint32_t conf, uint16_t at, const char *user,
    const char *password)
{
	struct heard	 h = { .fd = -1 };

	ask(c, 7, conf, at, user, password);
	if (!hear(c, MSG_AUTH_CHECKED, &h, WAIT_MS) || h.id != 7)
		return SECRET_RESULT_N;
	return h.u.auth_checked.result;
}

static bool
was_checked(const struct child *ch)
{
	return ch->checked;
}

/* A configuration under way; true when the child says yes. */
static bool
offer(struct child *ch, const struct conf *conf,
    void (*hand_over)(struct frame_channel *))
{
	struct nothing	 nothing;

	ch->checked = false;
	tell(&ch->master, MSG_CONF, 5, conf_seal(conf), &nothing);
	hand_over(&ch->master);
	tell(&ch->master, MSG_CONF_CHECK, 5, -1, &nothing);
	return listen_until(ch, was_checked) && ch->refused[0] == '\0';
}

/* ---- auth -------------------------------------------------------------- */

static void
answers(struct child *ch)
{
	static const struct {
		uint16_t	 table;
		const char	*user, *password;
		enum secret_result result;
	} cases[] = {
		{ 1, "alice", "secret word", SECRET_OK },
		{ 1, "Alice", "secret word", SECRET_OK },
		{ 1, "alice", "secret", SECRET_UNKNOWN },
		{ 1, "alice", "", SECRET_UNKNOWN },
		{ 1, "bob", "secret word", SECRET_OK },
		{ 1, "bob", "secret worD", SECRET_UNKNOWN },
		{ 1, "carol", "pencil", SECRET_OK },
		{ 1, "carol", "Pencil", SECRET_UNKNOWN },
		{ 1, "dora", "secret word", SECRET_UNKNOWN },
		{ 1, "mallory", "password", SECRET_UNKNOWN },
		{ 1, "", "secret word", SECRET_UNKNOWN },
		{ 0, "alice", "secret word", SECRET_REFUSED },
		{ 2, "alice", "secret word", SECRET_REFUSED },
		{ TABLE_NONE, "alice", "secret word", SECRET_REFUSED },
	};
	struct frame_channel	 c;

	connect_as(ch, ROLE_SMTPD_MSA, &c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		verdict(check(&c, 0, cases[i].table, cases[i].user,
		    cases[i].password) == cases[i].result, ch->role,
		    "answers", cases[i].user, "another result");
	verdict(check(&c, 17, 1, "alice", "secret word") == SECRET_REFUSED,
	    ch->role, "answers", "another configuration", "another result");
	take_in(ch, 0);
	verdict(has_said(ch, "user=\"mallory\": parameters out of their"),
	    ch->role, "auth_params", "log", "mallory is not complained of");
	frame_clear(&c);
}

static bool
is_in(const char *p, size_t n, const char *word)
{
	return memmem(p, n, word, strlen(word)) != NULL;
}

/* Whether the word is anywhere in the child's memory; -1: we may not look. */
static int
memory_has(const struct child *ch, const char *word)
{
	static char	 piece[1 << 20];
	unsigned long	 from, to;
	char		 path[64], line[512];
	FILE		*maps;
	int		 mem, found = 0;

	snprintf(path, sizeof(path), "/proc/%d/mem", ch->pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", ch->pid);
	maps = fopen(path, "re");
	while (mem != -1 && maps != NULL && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx rw", &from, &to) != 2 ||
		    to - from > MAP_MAX)
			continue;
		for (; from < to; from += sizeof(piece) / 2) {
			ssize_t	 n = pread(mem, piece, sizeof(piece),
				    (off_t)from);

			if (n > 0 && is_in(piece, (size_t)n, word))
				found = 1;
		}
	}
	if (mem == -1 || maps == NULL)
		found = -1;
	if (mem != -1)
		close(mem);
	if (maps != NULL)
		fclose(maps);
	return found;
}

/*
 * A password that was checked is not left behind; a user's name, which is
 * not wiped, shows that the look would find it.
 */
static void
password_is_wiped(struct child *ch)
{
	static const char	 password[] = "Eulenspiegel-1515-Strassburg";
	struct frame_channel	 c;

	connect_as(ch, ROLE_SMTPD_MSA, &c);
	for (int i = 0; i < 8; i++)
		ask(&c, 8, 0, 1, i % 2 == 0 ? "bob" : "carol", password);
	for (int i = 0; i < 4; i++)
		check(&c, 0, 1, "alice", password);
	if (memory_has(ch, "/etc/users") == 1)
		verdict(memory_has(ch, password) == 0, ch->role,
		    "password_is_wiped", "", "it is still in memory");
	verdict(lives(ch), ch->role, "password_is_wiped", "", "it has died");
	frame_clear(&c);
}

static unsigned
answered(struct frame_channel *c)
{
	struct heard	 h = { .fd = -1 };
	unsigned	 n = 0;

	while (hear(c, MSG_AUTH_CHECKED, &h, 1))
		n++;
	return n;
}

/*
 * One worker fills the queue with slow checks; another is told at once that
 * there is no room, and master gets its PONG while they are under way.  When
 * the two are gone, so is their work.
 */
static void
auth_flood(struct child *ch)
{
	struct frame_channel	 a, b, c;
	struct heard		 h = { .fd = -1 };
	unsigned		 n_busy = 0, n = 0;

	connect_worker(ch, ROLE_SMTPD_MSA, 0, &a);
	connect_worker(ch, ROLE_SMTPD_MSA, 1, &b);
	for (uint32_t id = 1; id <= CREDIT; id++)
		ask(&a, id, 0, 1, "slow", "x");
	lives(ch);		/* so it has heard them all */
	for (uint32_t id = 1; id <= CREDIT; id++)
		ask(&b, id, 0, 1, "slow", "x");
	while (n < CREDIT / 2 && hear(&b, MSG_AUTH_CHECKED, &h, WAIT_MS)) {
		n_busy += h.u.auth_checked.result == SECRET_BUSY;
		n++;
	}
	verdict(n_busy == CREDIT / 2, ch->role, "auth_flood", "AUTH_CHECK",
	    "no room, but not told so");
	verdict(lives(ch), ch->role, "auth_flood", "PING", "no answer");
	n = answered(&a);
	verdict(n < CREDIT / 2, ch->role, "auth_flood", "PING",
	    "others were told after the work");
	frame_clear(&a);
	frame_clear(&b);
	connect_worker(ch, ROLE_SMTPD_MSA, 2, &c);
	verdict(check(&c, 0, 1, "alice", "secret word") == SECRET_OK,
	    ch->role, "auth_flood", "after it", "no answer");
	frame_clear(&c);
}

static void
auth_reload(struct child *ch)
{
	struct frame_channel	 c;
	struct nothing		 nothing;

	second = driver_conf;
	second.number = 1;
	second.tables = second_tables;
	second.n_tables = 1;
	connect_as(ch, ROLE_SMTPD_MSA, &c);
	verdict(offer(ch, &second, hand_second), ch->role, "auth_reload",
	    "CONF_CHECK", ch->refused);
	verdict(check(&c, 0, 1, "alice", "secret word") == SECRET_OK,
	    ch->role, "auth_reload", "before", "the old one is forgotten");
	verdict(check(&c, 1, 0, "dora", "secret word") == SECRET_OK,
	    ch->role, "auth_reload", "before", "the new one is not known");
	tell(&ch->master, MSG_CONF_COMMIT, 5, -1, &nothing);
	lives(ch);
	verdict(check(&c, 0, 1, "dora", "secret word") == SECRET_OK,
	    ch->role, "auth_reload", "old number", "not found by its name");
	verdict(check(&c, 0, 1, "alice", "secret word") == SECRET_UNKNOWN,
	    ch->role, "auth_reload", "old number", "the old table is used");
	verdict(check(&c, 1, 0, "dora", "secret word") == SECRET_OK,
	    ch->role, "auth_reload", "new number", "not known");
	frame_clear(&c);
}

static void
try_auth(void)
{
	struct child	 ch;

	driver_conf.tables = tables;
	driver_conf.n_tables = 2;
	driver_hand_over = hand_tables;
	if (!start(&ch, ROLE_KEYD_AUTH)) {
		verdict(false, ch.role, "start", "", "it did not get READY");
		finish(&ch);
		return;
	}
	answers(&ch);
	password_is_wiped(&ch);
	auth_flood(&ch);
	auth_reload(&ch);
	verdict(finish(&ch) == 0, ch.role, "end", "", "it did not leave");
	driver_conf.n_tables = 0;
}

/* ---- cred -------------------------------------------------------------- */

static const struct credential_conf	 credentials[] = {
	{ { STR("postern.conf"), 3 }, STR("smart"), STR("/etc/smart") },
	{ { STR("postern.conf"), 4 }, STR("other"), STR("/etc/other") },
};
static const struct credential_conf	 second_credentials[] = {
	{ { STR("postern.conf"), 3 }, STR("other"), STR("/etc/other") },
};

static void
hand_secret(struct frame_channel *c, uint16_t i, const char *text)
{
	struct secret	 m = { i };

	tell(c, MSG_SECRET, 5, sealed_new("secret", str_of(text)), &m);
}

static void
hand_credentials(struct frame_channel *c)
{
	hand_secret(c, 1, "user other\npassword else\n");
	hand_secret(c, 0, "# smart host\nuser me\npassword my secret\n");
	hand_secret(c, 0, "user twice\npassword twice\n");
	hand_secret(c, CREDENTIALS_MAX, "user beyond\npassword beyond\n");
}

static void
hand_nothing(struct frame_channel *c)
{
	(void)c;
}

static void
hand_broken(struct frame_channel *c)
{
	hand_secret(c, 0, "user other\npasword typo\n");
}

static void
hand_good(struct frame_channel *c)
{
	hand_secret(c, 0, "user new\npassword new\n");
}

static enum secret_result
cred(struct frame_channel *c, uint32_t conf, uint16_t i, const char *user,
    const char *password)
{
	struct cred_ask	 m = { conf, i };
	struct heard	 h = { .fd = -1 };

	tell(c, MSG_CRED_ASK, 9, -1, &m);
	if (!hear(c, MSG_CRED, &h, WAIT_MS) || h.id != 9 ||
	    !str_equal(h.u.cred.user, str_of(user)) ||
	    !str_equal(h.u.cred.password, str_of(password)))
		return SECRET_RESULT_N;
	return h.u.cred.result;
}

static void
gives(struct child *ch)
{
	struct frame_channel	 c;

	connect_as(ch, ROLE_DELIVERD_OUT, &c);
	verdict(cred(&c, 0, 0, "me", "my secret") == SECRET_OK, ch->role,
	    "gives", "smart", "not what is in its file");
	verdict(cred(&c, 0, 1, "other", "else") == SECRET_OK, ch->role,
	    "gives", "other", "not what is in its file");
	verdict(cred(&c, 0, 2, "", "") == SECRET_UNKNOWN &&
	    cred(&c, 0, CREDENTIAL_NONE, "", "") == SECRET_UNKNOWN &&
	    cred(&c, 4, 0, "", "") == SECRET_UNKNOWN, ch->role, "gives",
	    "none", "something");
	frame_clear(&c);
}

static void
rate(struct child *ch)
{
	struct frame_channel	 c;
	struct heard		 h = { .fd = -1 };
	unsigned		 n_busy = 0;

	connect_as(ch, ROLE_DELIVERD_OUT, &c);
	for (unsigned i = 0; i < 1000; i++) {
		struct cred_ask	 m = { 0, 0 };

		tell(&c, MSG_CRED_ASK, 9, -1, &m);
		if (!hear(&c, MSG_CRED, &h, WAIT_MS))
			break;
		n_busy += h.u.cred.result == SECRET_BUSY &&
		    h.u.cred.user.n == 0;
	}
	verdict(n_busy > 0, ch->role, "rate", "CRED_ASK",
	    "as many as it wants");
	frame_clear(&c);
}

static void
cred_reload(struct child *ch)
{
	struct frame_channel	 c;
	struct nothing		 nothing;

	second = driver_conf;
	second.number = 1;
	second.credentials = second_credentials;
	second.n_credentials = 1;
	connect_as(ch, ROLE_DELIVERD_OUT, &c);
	verdict(!offer(ch, &second, hand_nothing) && strcmp(ch->refused,
	    "postern.conf:3: credentials other: its file has not come") == 0,
	    ch->role, "cred_reload", "no file", ch->refused);
	tell(&ch->master, MSG_CONF_DROP, 5, -1, &nothing);
	verdict(!offer(ch, &second, hand_broken) && strcmp(ch->refused,
	    "/etc/other:2: neither \"user NAME\" nor \"password TEXT\"") == 0,
	    ch->role, "cred_reload", "broken file", ch->refused);
	tell(&ch->master, MSG_CONF_DROP, 5, -1, &nothing);
	verdict(cred(&c, 0, 1, "other", "else") == SECRET_OK, ch->role,
	    "cred_reload", "refused", "the old one is forgotten");
	verdict(offer(ch, &second, hand_good), ch->role, "cred_reload",
	    "CONF_CHECK", ch->refused);
	verdict(cred(&c, 0, 1, "other", "else") == SECRET_OK &&
	    cred(&c, 1, 0, "new", "new") == SECRET_OK, ch->role,
	    "cred_reload", "before", "one of the two is not known");
	tell(&ch->master, MSG_CONF_COMMIT, 5, -1, &nothing);
	lives(ch);
	verdict(cred(&c, 0, 1, "new", "new") == SECRET_OK &&
	    cred(&c, 1, 0, "new", "new") == SECRET_OK &&
	    cred(&c, 0, 0, "", "") == SECRET_UNKNOWN, ch->role,
	    "cred_reload", "after", "not found by its name");
	verdict(memory_has(ch, "my secret") != 1, ch->role, "cred_reload",
	    "after", "an old one is still in memory");
	frame_clear(&c);
}

static void
try_cred(void)
{
	struct child	 ch;
	int		 before;

	driver_conf.credentials = credentials;
	driver_conf.n_credentials = 2;
	driver_hand_over = hand_credentials;
	if (!start(&ch, ROLE_KEYD_CRED)) {
		verdict(false, ch.role, "start", "", "it did not get READY");
		finish(&ch);
		return;
	}
	before = count_fds(&ch);
	gives(&ch);
	rate(&ch);
	cred_reload(&ch);
	lives(&ch);
	verdict(count_fds(&ch) <= before, ch.role, "descriptors", "",
	    "some stay open");
	verdict(finish(&ch) == 0, ch.role, "end", "", "it did not leave");
}

int
main(int argc, char **argv)
{
	driver_setup(argc, argv);
	try_auth();
	try_cred();
	return driver_end();
}
