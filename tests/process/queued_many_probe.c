/*
 * queued with a long queue: what a waiting message costs, and how soon after
 * a kill the first of them goes out.  Each is of 1 KiB and of a sender of its
 * own, and they go to 1,000 destinations.
 *
 * usage: queued_many_probe BUILD	(needs no root)
 *
 * Environment:
 *	N=20000		messages; 1000000 for the figures of a release, which
 *			takes some minutes and 2 GiB of disk below TMPDIR
 *
 * With fewer than MANY_ENOUGH the figures are printed and not judged: what
 * queued has anyhow is then more than the messages.
 */
#include "driver.h"

#define WAIT_MS		120000
#define ROUTES		1000u
#define IN_FLIGHT	200u
#define BODY		1000
#define MANY_ENOUGH	200000u
#define COST_MAX	220		/* octets each: MAIL_COST_MAX, and what
					 * chunks and arrays have to spare */
#define A_MILLION	1000000u
#define COST_ALL_MAX	250		/* with all that it has: the promise */
#define FIRST_JOB_MS	5000
#define AT_WORK		(32ull << 20)	/* CACHE_MAX, and batches and frames
					 * under way */

static struct child		 ch;
static struct frame_channel	 msa, out, local;
static unsigned			 n_messages = 20000;
static uint64_t			 empty;		/* octets before the first */

static void
check(bool ok, const char *what)
{
	verdict(ok, ROLE_QUEUED, "long queue", "", what);
}

/* Octets that it has in memory. */
static uint64_t
resident(void)
{
	char		 path[64], line[128];
	uint64_t	 kib = 0;
	FILE		*f;

	snprintf(path, sizeof(path), "/proc/%d/status", ch.pid);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtoull(line + 6, NULL, 10);
	fclose(f);
	return kib * 1024;
}

/* Milliseconds of processor time that it has had. */
static uint64_t
cpu_ms(void)
{
	char		 path[64], text[1024];
	unsigned long	 user = 0, system = 0;
	FILE		*f;
	const char	*p;
	size_t		 n;

	snprintf(path, sizeof(path), "/proc/%d/stat", ch.pid);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	/* behind the name: state, ten numbers, and then these */
	if ((p = strrchr(text, ')')) == NULL || sscanf(p, ") %*c %*d %*d %*d "
	    "%*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
		return 0;
	return (user + system) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void
submit(unsigned n)
{
	static char		 body[BODY], sender[64], to[64];
	struct recipient	 rcpt = { .address = STR("x") };
	struct mail_submit	 m = { .envelope = { .arrived = 1,
	    .client = { .family = 4, .bytes = { 127, 0, 0, 2 } },
	    .rcpts = &rcpt, .n_rcpts = 1 },
	    .header = STR("Subject: one of many\r\n\r\n"),
	    .body = str_bytes(body, sizeof(body)) };

	memset(body, 'x', sizeof(body));
	memcpy(m.envelope.id.b, &n, sizeof(n));
	snprintf(sender, sizeof(sender), "s%u@example.org", n);
	snprintf(to, sizeof(to), "u%u@d%u.test", n, n % ROUTES);
	m.envelope.sender = str_of(sender);
	rcpt.address = str_of(to);
	tell(&msa, MSG_MAIL_SUBMIT, n + 1, -1, &m);
}

static bool
take_answers(unsigned *pending, unsigned down_to)
{
	static struct heard	 h;

	for (; *pending > down_to; --*pending)
		if (!hear(&msa, MSG_MAIL_STORED, &h, WAIT_MS) ||
		    h.u.mail_stored.result != STORE_OK)
			return false;
	return true;
}

static bool
submit_all(void)
{
	unsigned	 pending = 0;

	for (unsigned n = 0; n < n_messages; n++) {
		submit(n);
		if (++pending == IN_FLIGHT &&
		    !take_answers(&pending, IN_FLIGHT / 2))
			return false;
		if (n % 4096 == 0)	/* it is woken, and sleeps on */
			frame_read(&out);
	}
	return take_answers(&pending, 0);
}

static void
join(enum role role, struct frame_channel *c)
{
	struct nothing	 nothing;

	connect_as(&ch, role, c);
	if (role != ROLE_SMTPD_MSA)
		tell(c, MSG_JOB_RESUMED, 0, -1, &nothing);
}

static void
begin(void)
{
	check(start(&ch, ROLE_QUEUED), "it did not get READY");
	join(ROLE_SMTPD_MSA, &msa);
	join(ROLE_DELIVERD_OUT, &out);
	join(ROLE_DELIVERD_LOCAL, &local);
}

static bool
first_job(void)
{
	static struct heard	 h;
	struct route_window	 m = { 0, 1 };

	if (!hear(&out, MSG_ROUTE_WAKE, &h, WAIT_MS))
		return false;
	m.route = h.u.route_wake.route;
	tell(&out, MSG_ROUTE_WINDOW, 0, -1, &m);
	return hear(&out, MSG_JOB, &h, WAIT_MS);
}

/* beside: what it may have that is not of the messages. */
static void
judge(const char *what, uint64_t after, uint64_t beside)
{
	uint64_t	 each = after > empty + beside ?
	    (after - empty - beside) / n_messages : 0;

	printf("%s: %.1f MB; beside %.1f MB, %llu octets for each message\n",
	    what, (double)after / 1e6, (double)(empty + beside) / 1e6,
	    (unsigned long long)each);
	check(n_messages < MANY_ENOUGH || each <= COST_MAX,
	    "a message takes too much memory");
	check(n_messages < A_MILLION ||
	    after / n_messages <= COST_ALL_MAX, "it takes too much memory");
}

static void
kill_it(void)
{
	kill(ch.pid, SIGKILL);
	frame_clear(&msa);
	frame_clear(&out);
	frame_clear(&local);
	finish(&ch);
}

static void
long_queue(void)
{
	uint64_t	 began, ms;

	begin();
	empty = resident();
	began = clock_ms();
	check(submit_all(), "a message is not stored");
	printf("%u stored in %llu ms\n", n_messages,
	    (unsigned long long)(clock_ms() - began));
	judge("waiting", resident(), AT_WORK);
	kill_it();
	began = clock_ms();
	begin();
	check(first_job(), "nothing is sent after a kill");
	ms = clock_ms() - began;
	printf("first job %llu ms after the start, of which %llu ms of "
	    "processor time\n", (unsigned long long)ms,
	    (unsigned long long)cpu_ms());
	/* in a check other programs may have the processors */
	check(n_messages < MANY_ENOUGH || cpu_ms() <= FIRST_JOB_MS,
	    "the first job comes too late");
	judge("after the start", resident(), 0);
	kill_it();
}

int
main(int argc, char **argv)
{
	const char	*n = getenv("N");

	driver_setup(argc, argv);
	if (n != NULL && *n != '\0')
		n_messages = (unsigned)strtoul(n, NULL, 10);
	driver_conf.segment_size = 64 << 20;
	driver_routes[0].expire_s = 432000;
	driver_empty();
	long_queue();
	return driver_end();
}
