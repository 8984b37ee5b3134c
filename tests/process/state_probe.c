/*
 * queued -r state among peers: what it answers to msa and queued, and that a
 * broken-into msa which floods it with names takes no memory, makes nobody
 * wait and nothing forget.
 *
 * usage: state_probe BUILD	(needs no root)
 */
#include "driver.h"

#include "guesses.h"
#include "netaddr.h"

#include "config.h"

#define WAIT_MS		DEADLINE_MS
#define FLOOD		200000	/* names; several for each counter there is */
#define DEAF		300000	/* questions whose answers are not read */
#define RSS_MAX_KIB	65536

static struct child	 ch;

static void
check(bool ok, const char *what, const char *more)
{
	verdict(ok, ch.role, what, "", more);
}

static struct netaddr
address(uint32_t n)
{
	struct netaddr	 a = { .family = 4 };

	memcpy(a.bytes, &n, sizeof(n));
	return a;
}

static enum guess_verdict
take(struct frame_channel *c, uint32_t client, const char *account)
{
	const struct guess	 m = { address(client), str_of(account) };
	struct heard		 h = { .fd = -1 };
	enum guess_verdict	 v = GUESS_VERDICT_N;

	tell(c, MSG_GUESS_TAKE, 1, -1, &m);
	if (hear(c, MSG_GUESS_TAKEN, &h, WAIT_MS) && h.id == 1)
		v = h.u.guess_taken.verdict;
	arena_clear(&h.a);
	return v;
}

/* What queued is told of it. */
static uint32_t
count_of(struct frame_channel *queued, const char *who)
{
	const struct guesses_ask	 m = { str_of(who), false };
	struct heard			 h = { .fd = -1 };
	uint32_t			 n = UINT32_MAX;

	tell(queued, MSG_GUESSES_LOOK, 1, -1, &m);
	if (hear(queued, MSG_GUESSES_SEEN, &h, WAIT_MS) &&
	    h.u.guesses.n_rows == 1)
		n = h.u.guesses.rows[0].count;
	arena_clear(&h.a);
	return n;
}

static void
answers(struct frame_channel *msa, struct frame_channel *queued)
{
	for (uint32_t i = 0; i < GUESSES_ACCOUNT_MAX; i++)
		check(take(msa, i, "alice") == GUESS_COUNTED, "answers",
		    "refused too early");
	check(take(msa, 1000, "Alice") == GUESS_REFUSED, "answers",
	    "not refused");
	check(take(msa, 1000, "bob") == GUESS_COUNTED, "answers",
	    "refused for another's guesses");
	check(count_of(queued, "alice") == GUESSES_ACCOUNT_MAX, "answers",
	    "another count for queued");
}

static long
rss_kib(void)
{
	char	 path[64], line[256];
	long	 n = -1;
	FILE	*f;

	snprintf(path, sizeof(path), "/proc/%d/status", ch.pid);
	if ((f = fopen(path, "r")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &n) == 1)
			break;
	fclose(f);
	return n;
}

static void
flood(struct frame_channel *msa, struct frame_channel *queued)
{
	struct frame_channel	 evil;
	struct guess_end	 m = { .result = GUESS_WRONG,
	    .taken = GUESS_REFUSED };
	char			 name[32];

	connect_worker(&ch, ROLE_SMTPD_MSA, 1, &evil);
	for (uint32_t i = 0; i < FLOOD; i++) {
		m.client = address(0x10000 + i);
		snprintf(name, sizeof(name), "name%u", i);
		m.account = str_of(name);
		tell(&evil, MSG_GUESS_END, 0, -1, &m);
		if (i == FLOOD / 2)
			check(take(msa, 1001, "carol") == GUESS_COUNTED,
			    "flood", "another worker is not answered");
	}
	check(lives(&ch), "flood", "no answer to PING");
	check(take(msa, 1002, "alice") == GUESS_REFUSED, "flood",
	    "it has forgotten an account");
	check(count_of(queued, "alice") == GUESSES_ACCOUNT_MAX, "flood",
	    "it counts another number");
	check(POSTERN_TESTING || rss_kib() < RSS_MAX_KIB, "flood",
	    "it has grown");
	frame_clear(&evil);
}

/* It asks and asks and does not read: that disturbs nobody else. */
static void
deaf(struct frame_channel *msa)
{
	const struct guess	 m = { address(1), STR("dora") };
	struct frame_channel	 evil;
	uint32_t		 id = 0;

	connect_worker(&ch, ROLE_SMTPD_MSA, 2, &evil);
	while (++id < DEAF && tell(&evil, MSG_GUESS_TAKE, id, -1, &m) == 0)
		;
	check(take(msa, 1003, "erin") == GUESS_COUNTED, "deaf",
	    "another worker is not answered");
	frame_clear(&evil);
	check(lives(&ch), "deaf", "no answer to PING");
}

int
main(int argc, char **argv)
{
	struct frame_channel	 msa, queued;

	driver_setup(argc, argv);
	if (start(&ch, ROLE_STATE)) {
		connect_as(&ch, ROLE_SMTPD_MSA, &msa);
		connect_as(&ch, ROLE_QUEUED, &queued);
		answers(&msa, &queued);
		flood(&msa, &queued);
		deaf(&msa);
		frame_clear(&msa);
		frame_clear(&queued);
	} else
		check(false, "start", "it did not get READY");
	check(finish(&ch) == 0, "end", "it did not leave");
	return driver_end();
}
