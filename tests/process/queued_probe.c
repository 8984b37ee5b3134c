/*
 * queued among broken-into peers: what they send is well formed, and lies.
 * It must refuse, ignore or close as its headers say, live, and lose or
 * duplicate no mail of the others.
 *
 * usage: queued_probe BUILD [CASE]	(needs no root)
 */
#include "cases.h"

#define WAIT_MS		DEADLINE_MS	/* for what must come */
#define SILENCE_MS	150		/* for what must not */
#define WINDOW_MAX	1000		/* as in queued/dispatch.c */
#define MANY		(WINDOW_MAX + 50)
#define FLOOD		20000		/* resumed jobs */

static struct frame_channel	 mx, msa, out, local;

/* ---- mail -------------------------------------------------------------- */

static struct recipient		 rcpts[4];

static struct msgid
new_id(void)
{
	static uint8_t	 n[2];
	struct msgid	 id = { { 7 } };

	if (++n[0] == 0)
		n[1]++;
	memcpy(id.b + 4, n, sizeof(n));
	return id;
}

/* Mail that is taken: from a stranger, to a mailbox of ours. */
static struct mail_submit
letter(const char *to)
{
	struct mail_submit	 m = {
		.envelope = {
			.id = new_id(), .arrived = 1, .verified = true,
			.sender = STR("alice@here.test"),
			.client = { .family = 4, .bytes = { 192, 0, 2, 1 } },
			.helo = STR("client.test"),
			.rcpts = rcpts, .n_rcpts = 1,
		},
		.header = STR("Subject: letter\r\n\r\n"),
		.body = STR("text\r\n"),
	};

	memset(rcpts, 0, sizeof(rcpts));
	rcpts[0].address = str_of(to);
	return m;
}

/* Its result; -1: the channel is closed, or silent. */
static int
stored(struct frame_channel *c)
{
	static struct heard	 h;

	if (!hear(c, MSG_MAIL_STORED, &h, WAIT_MS))
		return -1;
	return (int)h.u.mail_stored.result;
}

static int
submit(struct frame_channel *c, const struct mail_submit *m)
{
	tell(c, MSG_MAIL_SUBMIT, 1, -1, m);
	return stored(c);
}

static uint32_t
open_large(struct frame_channel *c, size_t size)
{
	static struct heard	 h;
	struct nothing		 nothing;
	static const char	 x[4096];

	tell(c, MSG_LARGE_OPEN, 1, -1, &nothing);
	if (!hear(c, MSG_LARGE_OPENED, &h, WAIT_MS) || h.fd == -1)
		return 0;
	if (write(h.fd, x, size) != (ssize_t)size)
		err(1, "write");
	close(h.fd);
	return h.u.large_opened.large;
}

/* ---- workers ----------------------------------------------------------- */

static void
join(enum role role, struct frame_channel *c)
{
	struct nothing	 nothing;

	if (c->fd > 0)
		frame_clear(c);
	connect_as(&ch, role, c);
	if (1u << role & DELIVERD_ANY)
		tell(c, MSG_JOB_RESUMED, 0, -1, &nothing);
}

/* Waits to be woken and asks for that many. */
static uint32_t
take_route(struct frame_channel *c, uint32_t window)
{
	static struct heard	 h;
	struct route_window	 m = { 0, window };

	if (!hear(c, MSG_ROUTE_WAKE, &h, WAIT_MS))
		return 0;
	m.route = h.u.route_wake.route;
	tell(c, MSG_ROUTE_WINDOW, 0, -1, &m);
	return m.route;
}

static bool
take_job(struct frame_channel *c, struct heard *h)
{
	return take_route(c, 1) != 0 && hear(c, MSG_JOB, h, WAIT_MS);
}

static void
say_result(struct frame_channel *c, uint32_t job, uint16_t index,
    enum rcpt_status status)
{
	struct rcpt_result	 r = { .index = index, .status = status,
	    .code = STR("2.0.0"), .reply = STR("so it is") };
	struct job_result	 m = { .job = job, .rcpts = &r, .n_rcpts = 1 };

	tell(c, MSG_JOB_RESULT, 0, -1, &m);
}

static bool
is_kept(struct frame_channel *c, uint32_t job)
{
	static struct heard	 h;

	while (hear(c, MSG_JOB_KEPT, &h, WAIT_MS))
		for (size_t i = 0; i < h.u.job_kept.n_jobs; i++)
			if (h.u.job_kept.jobs[i].job == job)
				return true;
	return false;
}

/* The mail for alice is still there: a new worker gets it, for her once. */
static void
check_not_lost(void)
{
	static struct heard	 h;
	bool			 got;

	frame_clear(&local);
	lives(&ch);
	join(ROLE_DELIVERD_LOCAL, &local);
	got = take_job(&local, &h);
	check(got, "the mail is lost");
	check(!got || h.u.job.n_rcpts == 1, "its recipient is multiplied");
}

/* ---- submissions ------------------------------------------------------- */

static void
relaying(void)
{
	struct mail_submit	 m = letter("x@far.test");

	check(submit(&mx, &m) == STORE_REFUSED, "mx relays");
	check(submit(&msa, &m) == STORE_REFUSED, "msa relays for strangers");
	m.envelope.account = (struct str)STR("user");
	tell(&mx, MSG_MAIL_SUBMIT, 1, -1, &m);
	check_fault("speaks of an account that it cannot know");
	join(ROLE_SMTPD_MX, &mx);
	m.envelope.listener = 0xffff;
	check(submit(&msa, &m) != STORE_OK, "msa relays from nowhere");
	m.envelope.account = STR_NONE;
	m.envelope.n_rcpts = 0;
	check(submit(&mx, &m) == STORE_REFUSED, "mail to nobody is taken");
}

static void
addresses(void)
{
	static const struct str	 bad[] = { STR("a\r\nb@here.test"),
	    STR("a\0b@here.test"), STR("a b@here.test"), STR("a"), STR("@"),
	    STR("a@here.test>\r\nDATA"), STR("a@b@here.test"), STR("\377@x") };
	struct mail_submit	 m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		m = letter("bob@here.test");
		m.envelope.sender = bad[i];
		check(submit(&mx, &m) == STORE_REFUSED, "a bad sender");
		m = letter("bob@here.test");
		rcpts[0].address = bad[i];
		check(submit(&mx, &m) == STORE_REFUSED, "a bad recipient");
	}
}

static void
same_id(void)
{
	struct mail_submit	 m = letter("bob@here.test");
	int			 first, second;

	tell(&mx, MSG_MAIL_SUBMIT, 1, -1, &m);
	tell(&mx, MSG_MAIL_SUBMIT, 2, -1, &m);
	first = stored(&mx);
	second = stored(&mx);
	check(first + second == STORE_OK + STORE_REFUSED,
	    "one id is stored twice, or not at all");
	check(submit(&msa, &m) == STORE_REFUSED, "another smtpd takes an id");
}

static void
foreign_large(void)
{
	uint32_t		 number = open_large(&mx, 10);
	struct mail_submit	 m = letter("bob@here.test");
	struct large_drop	 drop = { number };

	m.body = STR_NONE;
	m.large = number;
	m.large_size = 10;
	tell(&msa, MSG_MAIL_SUBMIT, 1, -1, &m);
	check_fault("submits a file that is not its own");
	join(ROLE_SMTPD_MSA, &msa);
	tell(&msa, MSG_LARGE_DROP, 0, -1, &drop);
	check_fault("drops a file that is not its own");
	check(submit(&mx, &m) == STORE_OK, "its owner has lost it");
	tell(&mx, MSG_LARGE_DROP, 0, -1, &drop);
	check_fault("drops a file that is not its own");
}

static void
large_lies(void)
{
	static const struct {
		size_t		 written;
		uint64_t	 claimed;
		bool		 ok;
	} cases[] = {
		{ 10, 100, false }, { 10, 2 << 20, false },
		{ 0, 1, false }, { 10, MESSAGE_SIZE_MAX + 1, false },
		{ 10, UINT64_MAX, false }, { 10, 10, true },
	};
	struct mail_submit	 m;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		m = letter("bob@here.test");
		m.body = STR_NONE;
		m.large = open_large(&mx, cases[i].written);
		m.large_size = cases[i].claimed;
		check((submit(&mx, &m) == STORE_OK) == cases[i].ok,
		    "the size of a file is believed");
	}
}

/* More than waits for one flush; and more than may be open at all. */
static void
large_flood(void)
{
	static struct heard	 h;
	struct nothing		 nothing;
	unsigned		 n = 0, asked = 100;

	for (unsigned i = 1; i <= asked; i++)
		frame_put(&mx, MSG_LARGE_OPEN, i, -1,
		    message_rule(MSG_LARGE_OPEN)->encode, &nothing);
	flush(&mx);
	while (n < asked && hear(&mx, MSG_LARGE_OPENED, &h, WAIT_MS)) {
		n++;
		if (h.fd != -1)
			close(h.fd);
	}
	check(n == asked, "100 LARGE_OPENs at once are not all answered");
	check(ch.n_faults == 0, "a fault");
}

/* ---- results ----------------------------------------------------------- */

static void
foreign_job(void)
{
	static struct heard	 h;
	struct mail_submit	 m = letter("alice@here.test");
	uint32_t		 job;

	submit(&mx, &m);
	check(take_job(&local, &h), "no job");
	job = h.u.job.job;
	say_result(&out, job, 0, RCPT_DELIVERED);
	check(is_kept(&out, job), "an unknown result is not let go");
	say_result(&local, job + 1, 0, RCPT_DELIVERED);
	check(is_kept(&local, job + 1), "an unknown result is not let go");
	say_result(&local, job, 7, RCPT_DELIVERED);
	check_fault("a result that fits no job");
	check_not_lost();
}

static void
doubled_result(void)
{
	static struct heard	 h;
	struct mail_submit	 m = letter("alice@here.test");
	uint32_t		 job;

	submit(&mx, &m);
	check(take_job(&local, &h), "no job");
	job = h.u.job.job;
	say_result(&local, job, 0, RCPT_DELIVERED);
	say_result(&local, job, 0, RCPT_FAILED);
	check(is_kept(&local, job), "a result is not kept");
	check(!hear(&local, MSG_JOB, &h, SILENCE_MS), "the mail goes again");
}

static void
doubled_recipient(void)
{
	static struct heard	 h;
	struct mail_submit	 m = letter("alice@here.test");
	struct rcpt_result	 r[2] = { { .index = 0 }, { .index = 0 } };
	struct job_result	 result = { .rcpts = r, .n_rcpts = 2 };

	submit(&mx, &m);
	check(take_job(&local, &h), "no job");
	result.job = h.u.job.job;
	tell(&local, MSG_JOB_RESULT, 0, -1, &result);
	check_fault("a result that fits no job");
	check_not_lost();
}

/* A result about nobody: nothing is known of the recipient, so it waits. */
static void
empty_result(void)
{
	static struct heard	 h;
	struct mail_submit	 m = letter("alice@here.test");
	struct job_result	 result = { 0 };

	submit(&mx, &m);
	check(take_job(&local, &h), "no job");
	result.job = h.u.job.job;
	tell(&local, MSG_JOB_RESULT, 0, -1, &result);
	check_alive();
	check_not_lost();
}

/* ---- routes ------------------------------------------------------------ */

static void
no_such_route(void)
{
	struct route_window	 w = { 0xfffffff0, 1 };
	struct route_down	 d = { 0xfffffff0, 1, STR("down") };

	tell(&out, MSG_ROUTE_WINDOW, 0, -1, &w);
	check_fault("speaks of a route that never was");
	join(ROLE_DELIVERD_OUT, &out);
	tell(&out, MSG_ROUTE_DOWN, 0, -1, &d);
	check_fault("speaks of a route that never was");
}

static void
foreign_route(void)
{
	static struct heard	 h;
	struct mail_submit	 m = letter("alice@here.test");
	struct route_down	 d = { 0, UINT32_MAX, STR("not mine") };
	struct route_window	 w = { 0, 10 };

	submit(&mx, &m);
	check(hear(&local, MSG_ROUTE_WAKE, &h, WAIT_MS), "no wake");
	d.route = w.route = h.u.route_wake.route;
	tell(&out, MSG_ROUTE_DOWN, 0, -1, &d);
	tell(&out, MSG_ROUTE_WINDOW, 0, -1, &w);
	check(!hear(&out, MSG_JOB, &h, SILENCE_MS), "another gets the mail");
	tell(&local, MSG_ROUTE_WINDOW, 0, -1, &w);
	check(hear(&local, MSG_JOB, &h, WAIT_MS), "the route is down");
}

static void
huge_window(void)
{
	static struct heard	 h;
	struct mail_submit	 m;
	unsigned		 n = 0, ok = 0;

	for (unsigned i = 1; i <= MANY; i++) {
		m = letter("alice@here.test");
		tell(&mx, MSG_MAIL_SUBMIT, i, -1, &m);
	}
	for (unsigned i = 1; i <= MANY; i++)
		ok += stored(&mx) == STORE_OK;
	check(ok == MANY, "not all are stored");
	check(take_route(&local, UINT32_MAX) != 0, "no wake");
	if (hear(&local, MSG_JOB, &h, WAIT_MS))
		n++;
	while (hear(&local, MSG_JOB, &h, SILENCE_MS))
		n++;
	check(n <= WINDOW_MAX, "any window is believed");
	check(n > 0, "no job");
}

/* ---- resumed jobs ------------------------------------------------------ */

static void
resume(struct frame_channel *c, uint32_t job, struct msgid id, size_t n)
{
	static const struct rcpt_index	 zeroes[JOB_RCPTS_MAX];
	struct job_resume		 m = { job, id, zeroes, n };

	tell(c, MSG_JOB_RESUME, 0, -1, &m);
}

/* Only for routes of that worker: out has no mail for mailboxes. */
static void
steals_by_resume(void)
{
	struct mail_submit	 m = letter("alice@here.test");

	submit(&mx, &m);
	for (int early = 0; early < 2; early++) {
		frame_clear(&out);
		if (early)
			connect_as(&ch, ROLE_DELIVERD_OUT, &out);
		else
			join(ROLE_DELIVERD_OUT, &out);
		resume(&out, 5, m.envelope.id, 1);
		say_result(&out, 5, 0, RCPT_DELIVERED);
		check_alive();
	}
	check_not_lost();
}

static void
resumes_twice(void)
{
	struct mail_submit	 m = letter("alice@here.test");

	submit(&mx, &m);
	resume(&local, 5, m.envelope.id, 1);
	resume(&local, 5, m.envelope.id, 1);
	lives(&ch);
	check(ch.n_faults == 1, "no fault");
	check_not_lost();
}

static void
resumes_one_often(void)
{
	struct mail_submit	 m = letter("alice@here.test");

	submit(&mx, &m);
	resume(&local, 5, m.envelope.id, JOB_RCPTS_MAX);
	resume(&local, 6, m.envelope.id, 3);
	say_result(&local, 6, 0, RCPT_DEFERRED);
	check_alive();
	check_not_lost();
}

/* Before it is durable; it knew the id from elsewhere. */
static void
resumes_too_early(void)
{
	struct mail_submit	 m = letter("alice@here.test");

	tell(&mx, MSG_MAIL_SUBMIT, 1, -1, &m);
	resume(&local, 5, m.envelope.id, 1);
	resume(&out, 5, m.envelope.id, 1);
	check(stored(&mx) == STORE_OK, "not stored");
	check_alive();
	frame_clear(&out);
	check_not_lost();
}

/* One worker's inventions must not keep the others from their work. */
static void
resumes_a_flood(void)
{
	static struct heard	 h;
	struct mail_submit	 m = letter("alice@here.test");

	for (uint32_t i = 1; i <= FLOOD; i++)
		resume(&out, i, new_id(), 1);
	check_alive();
	submit(&mx, &m);
	check(take_job(&local, &h), "no job for another worker");
}

/* ---- reports ----------------------------------------------------------- */

/* Every CR and LF is part of a CRLF, and no line is the intruder's. */
static bool
is_clean(struct str s)
{
	static const char	 evil[] = "Injected:";

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n'))
			return false;
		if (s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r'))
			return false;
		if ((i == 0 || s.p[i - 1] == '\n') &&
		    s.n - i >= sizeof(evil) - 1 &&
		    memcmp(s.p + i, evil, sizeof(evil) - 1) == 0)
			return false;
	}
	return true;
}

#define EVIL	"x\r\nInjected: yes\r\n\r\nInjected: body\r\n.\r\n"

/* Fails the job at out; the report that comes to alice of it is clean. */
static void
check_report(const struct rcpt_result *r, struct str host)
{
	static struct heard	 h;
	struct job_result	 m = { .rcpts = r, .n_rcpts = 1, .host = host,
	    .tls = host };

	if (!take_job(&out, &h)) {
		check(false, "no job");
		return;
	}
	m.job = h.u.job.job;
	tell(&out, MSG_JOB_RESULT, 0, -1, &m);
	if (!take_job(&local, &h)) {
		check(false, "no report");
		return;
	}
	check(is_clean(h.u.job.header) && is_clean(h.u.job.body),
	    "lines are injected into a report");
	check(h.u.job.sender.n == 0, "a report has a sender");
}

static void
hostile_reply(void)
{
	static const struct rcpt_result	 r = { .status = RCPT_FAILED,
	    .reply_code = 65535, .code = STR("5\r\n.\r\nI: y"),
	    .reply = STR(EVIL) };
	struct mail_submit		 m = letter("bob@relay.test");

	check(submit(&mx, &m) == STORE_OK, "not stored");
	check_report(&r, (struct str)STR(EVIL));
}

static void
hostile_envelope(void)
{
	static const struct rcpt_result	 r = { .status = RCPT_FAILED,
	    .code = STR("5.0.0"), .reply = STR("no") };
	struct mail_submit		 m = letter("bob@relay.test");

	m.envelope.helo = m.envelope.envid = (struct str)STR(EVIL);
	m.envelope.ret = RET_HDRS;
	rcpts[0].orcpt_type = rcpts[0].orcpt = (struct str)STR(EVIL);
	rcpts[0].notify = 0xf0 | NOTIFY_FAILURE;
	if (submit(&mx, &m) == STORE_OK)	/* or it may be refused */
		check_report(&r, (struct str)STR("mx.relay.test"));
	check_alive();
}

/* ---- all --------------------------------------------------------------- */

static const struct {
	const char	*name;
	void		(*run)(void);
} cases[] = {
	{ "relaying", relaying }, { "addresses", addresses },
	{ "same_id", same_id }, { "foreign_large", foreign_large },
	{ "large_lies", large_lies }, { "large_flood", large_flood },
	{ "foreign_job", foreign_job }, { "doubled_result", doubled_result },
	{ "doubled_recipient", doubled_recipient },
	{ "empty_result", empty_result }, { "no_such_route", no_such_route },
	{ "foreign_route", foreign_route }, { "huge_window", huge_window },
	{ "steals_by_resume", steals_by_resume },
	{ "resumes_twice", resumes_twice },
	{ "resumes_one_often", resumes_one_often },
	{ "resumes_too_early", resumes_too_early },
	{ "resumes_a_flood", resumes_a_flood },
	{ "hostile_reply", hostile_reply },
	{ "hostile_envelope", hostile_envelope },
};

static void
run_case(size_t i)
{
	current = cases[i].name;
	driver_empty();
	if (!start(&ch, ROLE_QUEUED)) {
		check(false, "it did not get READY");
		finish(&ch);
		return;
	}
	join(ROLE_SMTPD_MX, &mx);
	join(ROLE_SMTPD_MSA, &msa);
	join(ROLE_DELIVERD_OUT, &out);
	join(ROLE_DELIVERD_LOCAL, &local);
	cases[i].run();
	check_alive();
	frame_clear(&mx);
	frame_clear(&msa);
	frame_clear(&out);
	frame_clear(&local);
	check(finish(&ch) == 0, "it did not leave in order");
}

int
main(int argc, char **argv)
{
	driver_setup(argc, argv);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (argc < 3 || strcmp(argv[2], cases[i].name) == 0)
			run_case(i);
	return driver_end();
}
