/*
 * The middle of queued between faked ends: windows and wakes as tables of
 * events, and what becomes of a try, in every order of events that must not
 * lose, double or forget a recipient.
 */
#include "queue_fakes.h"

#include "dispatch.h"
#include "intake.h"
#include "mail.h"
#include "outcome.h"
#include "pool.h"
#include "reply.h"
#include "route.h"
#include "router.h"
#include "schedule.h"
#include "submit.h"
#include "task.h"
#include "worker.h"

enum { ON_MX, ON_LOCAL, ON_SUBMISSION };

static const struct listener_conf	 listeners[] = {
	{ .service = SERVICE_MX }, { .service = SERVICE_LOCAL },
	{ .service = SERVICE_SUBMISSION },
};
static const struct route_conf		 every = { .pattern = STR("*"),
	.concurrency = 5, .retry_min_s = 300, .retry_max_s = 3600,
	.expire_s = 86400 };
static const struct route_conf		 smart = { .pattern = STR("*"),
	.via_host = STR("smart.example"), .via_port = 25, .concurrency = 5,
	.retry_min_s = 300, .retry_max_s = 3600, .expire_s = 86400 };

static const struct route_conf		 slow = { .pattern = STR("*"),
	.concurrency = 5, .rate_messages = 2, .rate_ms = 10000,
	.retry_min_s = 300, .retry_max_s = 3600, .expire_s = 86400 };
static const struct route_conf		 quick = { .pattern = STR("*"),
	.concurrency = 5, .rate_messages = 300, .rate_ms = 60000,
	.retry_min_s = 300, .retry_max_s = 3600, .expire_s = 86400 };

static struct peer	 smtpd, out;
static uint32_t		 route_number;	/* of the last ROUTE_WAKE */
static uint8_t		 last_id;

/* ---- what the ends do -------------------------------------------------- */

static void
use_routes(const struct route_conf *conf)
{
	struct router	*r;
	char		 why[TEXT_MAX];

	fake_conf.routes = conf;
	fake_conf.n_routes = 1;
	r = router_new(&fake_conf, why, sizeof(why));
	assert_non_null(r);
	router_use(r);
}

static void
worker_up(void)
{
	out = (struct peer){ .role = ROLE_DELIVERD_OUT };
	dispatch_peer_up(&out);
}

static const struct worker *
held_by(void)
{
	return out.data;
}

static void
resumed(void)
{
	struct nothing	 m;

	on_job_resumed(&out, 0, &m);
	fake_run();
}

static void
worker_down(void)
{
	out.down = true;
	dispatch_peer_down(&out);
	fake_run();
}

static struct msgid
new_id(void)
{
	struct msgid	 id = { { ++last_id } };

	return id;
}

/* Hands in a message from sender to n of 0@example.net, 1@example.net ... */
static struct msgid
submit_to(const char *sender, size_t n)
{
	static char		 text[JOB_RCPTS_MAX * 2][32];
	struct recipient	 rcpts[JOB_RCPTS_MAX * 2];
	struct mail_submit	 m = { .envelope = { .id = new_id(),
	    .sender = str_of(sender), .listener = ON_LOCAL, .rcpts = rcpts,
	    .n_rcpts = n }, .header = STR("Subject: x\r\n\r\n"),
	    .body = STR("body\r\n") };

	for (size_t i = 0; i < n; i++) {
		snprintf(text[i], sizeof(text[i]), "%zu@example.net", i);
		rcpts[i] = (struct recipient){ .address = str_of(text[i]) };
	}
	on_mail_submit(&smtpd, 1, &m);
	fake_run();
	return m.envelope.id;
}

static struct msgid
submit(void)
{
	return submit_to("alice@example.org", 1);
}

static void
window(uint32_t n)
{
	struct route_window	 m = { route_number, n };

	on_route_window(&out, 0, &m);
	fake_run();
}

/* The next JOB that was sent; false when there is none. */
static bool
next_job(struct fake_sent *job)
{
	return fake_take(MSG_JOB, job);
}

static void
say(const struct fake_sent *job, enum rcpt_status status, uint16_t reply_code,
    const char *code)
{
	struct rcpt_result	 r[JOB_RCPTS_MAX];
	struct job_result	 m = { .job = job->job.job,
	    .host = STR("mx.example.net"), .rcpts = r,
	    .n_rcpts = job->n_rcpts };

	for (size_t i = 0; i < job->n_rcpts; i++)
		r[i] = (struct rcpt_result){ job->rcpts[i], status,
		    reply_code, str_of(code), STR("words of theirs") };
	on_job_result(&out, 0, &m);
	fake_run();
}

static void
delivered(const struct fake_sent *job)
{
	say(job, RCPT_DELIVERED, 250, "2.0.0");
}

static struct fake_record *
last_record(void)
{
	assert_true(fake_n_records > 0);
	return &fake_records[fake_n_records - 1];
}

static void
wake_up(uint32_t n)
{
	struct fake_sent	 s = { .type = MSG_N };

	assert_true(fake_take(MSG_ROUTE_WAKE, &s));
	route_number = s.wake.route;
	window(n);
}

/* A message in the worker's hands. */
static struct fake_sent
one_job(struct msgid *id)
{
	struct fake_sent	 job;

	*id = submit();
	wake_up(1);
	assert_true(next_job(&job));
	assert_memory_equal(&job.job.id, id, sizeof(*id));
	return job;
}

static int
set_up_all(void **state)
{
	(void)state;
	fakes_set_up();
	fake_conf.listeners = listeners;
	fake_conf.n_listeners = COUNT(listeners);
	use_routes(&every);
	dispatch_init();
	dispatch_start();
	return 0;
}

static int
set_up(void **state)
{
	(void)state;
	fake_conf.delay_warning_s = 0;
	smtpd = (struct peer){ .role = ROLE_SMTPD_MSA };
	submit_peer_up(&smtpd);
	worker_up();
	resumed();
	return 0;
}

/* Each test ends with an empty queue, or has forgotten something. */
static int
tear_down(void **state)
{
	struct mail	*m;
	bool		 out_is_up = out.data != NULL;

	(void)state;
	fake_slow = fake_no_room = false;
	fake_space = STORE_OK;
	if (out_is_up)
		worker_down();
	fake_sync(true);
	if (route_find(route_number) != NULL)	/* it may be held */
		dispatch_retry(route_find(route_number));
	fake_run();
	while ((m = mail_after(0)) != NULL) {
		assert_non_null(m->parts);
		assert_true(m->parts->state != PART_ACTIVE);
		outcome_remove(m->parts, NULL, NULL);
		fake_sync(true);
	}
	submit_peer_down(&smtpd);
	fake_run();
	fake_sync(true);
	assert_int_equal(task_open(), 0);
	assert_int_equal(outcome_open(), 0);
	assert_int_equal(mail_totals().recipients, 0);
	for (size_t i = 0; i < fake_n_mails; i++) {
		assert_true(fake_mails[i].gone);
		arena_clear(&fake_mails[i].arena);
	}
	fake_n_mails = fake_n_records = fake_n_durable = fake_n_sent = 0;
	fake_n_loads = 0;
	fake_fault = NULL;
	fake_log[0] = '\0';
	return 0;
}

/* ---- windows and wakes ------------------------------------------------- */

enum event_kind { MAIL, WINDOW, DELIVER, DOWN, RETRY };

struct step {
	enum event_kind	 kind;
	uint32_t	 n;
	unsigned	 wakes, jobs;	/* that follow from it */
};

static const struct step	 asleep_and_awake[] = {
	{ MAIL, 1, 1, 0 },	/* asleep: woken once */
	{ MAIL, 3, 0, 0 },	/* and not again */
	{ WINDOW, 2, 0, 2 },
	{ MAIL, 1, 0, 0 },	/* full */
	{ DELIVER, 1, 0, 1 },
	{ WINDOW, 4, 0, 2 },	/* in all, not more of them */
	{ DELIVER, 4, 0, 0 },
	{ MAIL, 1, 0, 1 },	/* awake and idle: at once */
	{ DELIVER, 1, 0, 0 },
	{ WINDOW, 0, 0, 0 },
	{ MAIL, 1, 1, 0 },	/* asleep again */
	{ WINDOW, 1, 0, 1 },
	{ DELIVER, 1, 0, 0 },
};

static const struct step	 sleeps_with_jobs_in_hand[] = {
	{ MAIL, 4, 1, 0 },
	{ WINDOW, 2, 0, 2 },
	{ WINDOW, 0, 1, 0 },	/* there is mail: woken again */
	{ DELIVER, 2, 0, 0 },
	{ WINDOW, 5, 0, 2 },
	{ DELIVER, 2, 0, 0 },
};

static const struct step	 woken_in_vain[] = {
	{ MAIL, 2, 1, 0 },
	{ WINDOW, 0, 0, 0 },	/* wants nothing: not woken in a circle */
	{ MAIL, 1, 0, 0 },
	{ RETRY, 0, 1, 0 },
	{ WINDOW, 9, 0, 3 },
	{ DELIVER, 3, 0, 0 },
};

static const struct step	 down_and_up[] = {
	{ MAIL, 3, 1, 0 },
	{ WINDOW, 1, 0, 1 },
	{ DOWN, 60, 0, 0 },
	{ MAIL, 2, 0, 0 },	/* held */
	{ DELIVER, 1, 0, 0 },	/* one that got through all the same */
	{ RETRY, 0, 1, 0 },	/* its time has come */
	{ WINDOW, 9, 0, 4 },
	{ DELIVER, 4, 0, 0 },
};

static void
do_step(const struct step *s, struct fake_sent *hand, size_t *n_hand)
{
	struct route_down	 down = { route_number, s->n, STR("why") };

	switch (s->kind) {
	case MAIL:
		for (uint32_t i = 0; i < s->n; i++)
			submit();
		break;
	case WINDOW:
		window(s->n);
		break;
	case DELIVER:
		for (uint32_t i = 0; i < s->n; i++) {
			assert_true(*n_hand > 0);
			delivered(&hand[--*n_hand]);
		}
		break;
	case DOWN:
		on_route_down(&out, 0, &down);
		break;
	case RETRY:
		dispatch_retry(route_find(route_number));
		break;
	}
	fake_run();
	fake_sync(true);
}

static void
run_steps(const struct step *steps, size_t n)
{
	struct fake_sent	 hand[32], s;
	size_t			 n_hand = 0;
	unsigned		 wakes, jobs;

	for (size_t i = 0; i < n; i++) {
		do_step(&steps[i], hand, &n_hand);
		for (wakes = 0; fake_take(MSG_ROUTE_WAKE, &s); wakes++)
			route_number = s.wake.route;
		for (jobs = 0; fake_take(MSG_JOB, &s); jobs++)
			hand[n_hand++] = s;
		if (wakes != steps[i].wakes || jobs != steps[i].jobs)
			fail_msg("step %zu: %u wakes, %u jobs", i, wakes,
			    jobs);
	}
	assert_int_equal(n_hand, 0);
	assert_null(mail_after(0));
}

static void
test_windows(void **state)
{
	(void)state;
	run_steps(asleep_and_awake, COUNT(asleep_and_awake));
	window(0);
	run_steps(sleeps_with_jobs_in_hand, COUNT(sleeps_with_jobs_in_hand));
	window(0);
	run_steps(woken_in_vain, COUNT(woken_in_vain));
	window(0);
	run_steps(down_and_up, COUNT(down_and_up));
}

static unsigned
take_jobs(struct fake_sent *hand)
{
	unsigned	 n = 0;

	while (next_job(&hand[n]))
		n++;
	return n;
}

/* Later, when the route looks again; what is in hand is delivered. */
static unsigned
jobs_after(uint64_t ms, struct fake_sent *hand, unsigned n)
{
	while (n > 0)
		delivered(&hand[--n]);
	fake_sync(true);
	fake_time(ms);
	dispatch_retry(route_find(route_number));
	fake_run();
	return take_jobs(hand);
}

static void
test_rate(void **state)
{
	struct fake_sent	 hand[16];
	unsigned		 n;

	(void)state;
	use_routes(&slow);			/* one each five seconds */
	for (int i = 0; i < 4; i++)
		submit();
	wake_up(10);
	assert_int_equal(n = take_jobs(hand), 1);
	assert_int_equal(n = jobs_after(4900, hand, n), 0);
	assert_int_equal(n = jobs_after(200, hand, n), 1);
	assert_int_equal(n = jobs_after(3600000, hand, n), 1);
	/* it is not woken for what it may not send */
	window(0);
	assert_false(fake_take(MSG_ROUTE_WAKE, hand + 8));
	assert_int_equal(n = jobs_after(5000, hand, n), 0);
	wake_up(10);
	assert_int_equal(n = take_jobs(hand), 1);
	assert_int_equal(jobs_after(5000, hand, n), 0);

	use_routes(&quick);			/* five a second, at once */
	for (int i = 0; i < 8; i++)
		submit();
	wake_up(10);
	assert_int_equal(n = take_jobs(hand), 5);
	assert_int_equal(n = jobs_after(400, hand, n), 2);
	assert_int_equal(n = jobs_after(1000, hand, n), 1);
	jobs_after(0, hand, n);
	assert_null(mail_after(0));
	use_routes(&every);
}

static void
test_many_recipients_are_several_jobs(void **state)
{
	struct fake_sent	 job;

	(void)state;
	submit_to("alice@example.org", JOB_RCPTS_MAX + 20);
	wake_up(9);
	for (int i = 0; i < 2; i++) {
		assert_true(next_job(&job));
		assert_in_range(job.n_rcpts, 20, JOB_RCPTS_MAX);
		delivered(&job);
		assert_int_equal(last_record()->gone, i == 1);
	}
	assert_false(next_job(&job));
}

/* ---- results ----------------------------------------------------------- */

static void
test_kept_only_when_durable(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job = one_job(&id), s;

	(void)state;
	delivered(&job);
	assert_true(last_record()->gone);
	assert_int_equal(last_record()->rcpts[0].state, SPOOL_DONE);
	assert_false(fake_take(MSG_JOB_KEPT, &s));
	assert_non_null(mail_find(&id));
	assert_true(fake_logged("rcpt=<0@example.net> status=delivered "
	    "code=2.0.0"));
	fake_sync(true);
	fake_run();
	assert_true(fake_take(MSG_JOB_KEPT, &s));
	assert_int_equal(s.kept[0], job.job.job);
	assert_null(mail_find(&id));
	assert_true(fake_logged("done id="));
}

static void
test_deferred_waits(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job = one_job(&id);
	struct mail		*m;

	(void)state;
	say(&job, RCPT_DEFERRED, 421, "4.3.2");
	m = mail_find(&id);
	assert_int_equal(m->parts->state, PART_DEFERRED);
	assert_int_equal(last_record()->rcpts[0].state, SPOOL_WAITING);
	assert_int_equal(last_record()->rcpts[0].tries, 1);
	assert_in_range(last_record()->rcpts[0].next_try, fake_wall + 240,
	    fake_wall + 360);
	assert_false(next_job(&job));
	fake_time(400 * 1000);
	schedule_due();
	fake_run();
	assert_true(next_job(&job));
	assert_int_equal(job.job.tries, 1);
	delivered(&job);
}

static void
test_greylisted_is_tried_sooner(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job = one_job(&id);

	(void)state;
	say(&job, RCPT_DEFERRED, 451, "4.7.1");
	assert_int_equal(last_record()->rcpts[0].next_try, fake_wall + 60);
}

/* Some delivered, some deferred, some not tried: each goes its way. */
static void
test_mixed_results(void **state)
{
	struct rcpt_result	 r[3];
	struct job_result	 result = { .rcpts = r, .n_rcpts = 2 };
	struct fake_sent	 job;
	struct msgid		 id = submit_to("alice@example.org", 3);

	(void)state;
	wake_up(1);
	assert_true(next_job(&job));
	r[0] = (struct rcpt_result){ 0, RCPT_DELIVERED, 250, STR("2.0.0"),
	    STR_NONE };
	r[1] = (struct rcpt_result){ 1, RCPT_DEFERRED, 452, STR("4.5.3"),
	    STR("too many recipients") };
	result.job = job.job.job;
	on_job_result(&out, 0, &result);	/* nothing said of the third */
	fake_run();
	assert_false(last_record()->gone);
	assert_int_equal(last_record()->n, 2);
	assert_true(next_job(&job));
	assert_int_equal(job.n_rcpts, 1);
	assert_int_equal(job.rcpts[0], 2);
	assert_int_equal(job.job.tries, 0);
	delivered(&job);
	assert_false(last_record()->gone);
	assert_int_equal(mail_waiting(mail_find(&id)), 1);
}

static void
test_failure_is_reported_first(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job = one_job(&id);
	struct fake_mail	*report;
	size_t			 before = fake_n_records;

	(void)state;
	fake_slow = true;
	say(&job, RCPT_FAILED, 550, "5.1.1");
	fake_load();			/* the envelope */
	assert_int_equal(fake_n_mails, 1);
	assert_int_equal(fake_n_records, before);
	fake_load();			/* the content */
	fake_slow = fake_no_room = false;
	assert_int_equal(fake_n_mails, 2);
	report = &fake_mails[1];
	assert_int_equal(report->envelope.sender.n, 0);
	assert_true(str_equal(report->envelope.rcpts[0].address,
	    str_of("alice@example.org")));
	assert_non_null(memmem(report->body.p, report->body.n,
	    "550 words of theirs", 19));
	assert_true(last_record()->gone);
	assert_int_equal(mail_totals().messages, 2);	/* until durable */
	fake_sync(true);
	assert_int_equal(mail_totals().messages, 1);
}

static size_t
count_in(const struct fake_mail *m, const char *text)
{
	size_t	 n = 0, len = strlen(text);

	for (const char *p = m->body.p, *end = p + m->body.n;
	    (p = memmem(p, (size_t)(end - p), text, len)) != NULL; p += len)
		n++;
	return n;
}

/* Whatever the number of transactions: its sender gets one report. */
static void
test_one_report_for_a_round(void **state)
{
	static const enum rcpt_status	 second[] = { RCPT_FAILED,
	    RCPT_DELIVERED, RCPT_DEFERRED };
	static const size_t		 want[] = { 150, 100, 100 };
	struct fake_sent		 job[2];
	struct msgid			 id;
	size_t				 before;

	(void)state;
	for (size_t i = 0; i < COUNT(second); i++) {
		before = fake_n_mails + 1;
		id = submit_to("alice@example.org", 150);
		if (i == 0)
			wake_up(2);
		assert_true(next_job(&job[0]) && next_job(&job[1]));
		if (job[0].n_rcpts != 100) {	/* the order is not ours */
			struct fake_sent	 other = job[0];

			job[0] = job[1];
			job[1] = other;
		}
		say(&job[0], RCPT_FAILED, 550, "5.1.1");
		assert_int_equal(fake_n_mails, before);
		assert_int_equal(mail_waiting(mail_find(&id)), 150);
		say(&job[1], second[i], 450, "4.2.0");
		assert_int_equal(fake_n_mails, before + 1);
		assert_int_equal(count_in(&fake_mails[before],
		    "\r\nAction: failed"), want[i]);
		fake_sync(true);
		assert_int_equal(mail_find(&id) != NULL,
		    second[i] == RCPT_DEFERRED);
	}
}

/* Of 150: those that the job was for, told from the last to the first. */
static void
fail_backwards(const struct fake_sent *job)
{
	struct fake_sent	 back = *job;

	for (size_t i = 0; i < job->n_rcpts; i++)
		back.rcpts[i] = job->rcpts[job->n_rcpts - 1 - i];
	say(&back, RCPT_FAILED, 550, "5.1.1");
}

/* We die and find the message again, and the workers what they had. */
static void
die_and_resume(const struct msgid *id, struct fake_sent job[2])
{
	struct spool_rcpt	 states[JOB_RCPTS_MAX * 2] = { { 0 } };
	struct spool_message	 s = { .rcpts = states,
	    .envelope = &fake_mail_find(id)->envelope, .size = 9 };
	struct rcpt_index	 in_hand[JOB_RCPTS_MAX];

	mail_free(mail_find(id));
	fake_sync(true);		/* of that life, and for nobody */
	worker_down();
	for (uint16_t i = 0; i < s.envelope->n_rcpts; i++)
		states[i].index = i;
	intake_found(&s);
	worker_up();
	for (uint32_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < job[k].n_rcpts; i++)
			in_hand[i].index = job[k].rcpts[i];
		job[k].job.job = 5001 + k;
		on_job_resume(&out, 0, &(struct job_resume){ 5001 + k, *id,
		    in_hand, job[k].n_rcpts });
	}
	resumed();
}

/*
 * The report is durable, but not the end of those whom it is about: they end
 * again, in another order, and the report is not made again.
 */
static void
test_one_report_over_a_death(void **state)
{
	struct msgid		 id = submit_to("alice@example.org", 150);
	struct fake_sent	 job[2];
	size_t			 mails;

	(void)state;
	wake_up(2);
	assert_true(next_job(&job[0]) && next_job(&job[1]));
	say(&job[0], RCPT_FAILED, 550, "5.1.1");
	mails = fake_n_mails;
	say(&job[1], RCPT_FAILED, 550, "5.1.1");
	assert_int_equal(fake_n_mails, mails + 1);
	die_and_resume(&id, job);
	fail_backwards(&job[1]);
	assert_int_equal(mail_waiting(mail_find(&id)), 150);
	fail_backwards(&job[0]);
	assert_int_equal(fake_n_mails, mails + 1);
	assert_true(last_record()->gone);
	fake_sync(true);
	assert_null(mail_find(&id));
}

/* What asks for a word of success gets it from us, where the remote does not
 * see to it. */
static void
test_success(void **state)
{
	static const struct {
		uint8_t		 notify;
		bool		 dsn;
		const char	*want;
	} cases[] = {
		{ NOTIFY_SUCCESS, false, "Action: relayed\r\n" },
		{ NOTIFY_SUCCESS | NOTIFY_FAILURE, false,
		    "Action: relayed\r\n" },
		{ NOTIFY_SUCCESS, true, NULL },
		{ NOTIFY_FAILURE, false, NULL },
		{ NOTIFY_NEVER, false, NULL },
		{ 0, false, NULL },
	};
	struct recipient	 rcpt = { STR("x@example.net"), 0,
	    STR("rfc822"), STR("y@example.net") };
	struct rcpt_result	 r = { 0, RCPT_DELIVERED, 250, STR("2.0.0"),
	    STR("taken") };
	struct job_result	 result = { .host = STR("mx.example.net"),
	    .rcpts = &r, .n_rcpts = 1 };
	struct mail_submit	 m = { .envelope = {
	    .sender = STR("alice@example.org"), .listener = ON_LOCAL,
	    .rcpts = &rcpt, .n_rcpts = 1 },
	    .header = STR("Subject: x\r\n\r\n") };
	struct fake_sent	 job = { .type = MSG_N };
	size_t			 before;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		before = fake_n_mails + 1;
		rcpt.notify = cases[i].notify;
		m.envelope.id = new_id();
		on_mail_submit(&smtpd, 1, &m);
		fake_run();
		if (i == 0)
			wake_up(1);
		assert_true(next_job(&job));
		result.job = job.job.job;
		result.dsn = cases[i].dsn;
		on_job_result(&out, 0, &result);
		fake_run();
		fake_sync(true);
		assert_int_equal(fake_n_mails, before +
		    (cases[i].want != NULL));
		if (cases[i].want != NULL)
			assert_int_equal(count_in(&fake_mails[before],
			    cases[i].want), 1);
	}
}

/* Nobody is told of mail that he may never have sent, unless the postmaster
 * wants it so. */
static void
test_unverified_senders(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job = one_job(&id);

	(void)state;
	fake_conf.unverified = UNVERIFIED_HOLD;
	mail_find(&id)->flags |= MAIL_UNVERIFIED;
	fake_marks[MARK_HOLD] = 0;
	say(&job, RCPT_FAILED, 550, "5.1.1");
	assert_int_equal(fake_n_mails, 1);
	assert_int_equal(fake_marks[MARK_HOLD], 1);
	assert_int_equal(mail_find(&id)->parts->state, PART_HELD);
	assert_true(str_equal(reply_text(mail_find(&id)->parts->reply),
	    str_of("words of theirs")));
	schedule_release(mail_find(&id));
	fake_run();
	fake_conf.unverified = UNVERIFIED_DISCARD;
	assert_true(next_job(&job));
	say(&job, RCPT_FAILED, 550, "5.1.1");
	assert_int_equal(fake_n_mails, 1);
	assert_true(last_record()->gone);
	assert_true(fake_logged("discarded"));
	fake_sync(true);
	id = submit();
	mail_find(&id)->flags |= MAIL_UNVERIFIED;
	fake_conf.unverified = UNVERIFIED_REPORT;
	assert_true(next_job(&job));
	say(&job, RCPT_FAILED, 550, "5.1.1");
	assert_int_equal(fake_n_mails, 3);
}

/* More than a transaction takes: they do not wait for each other for ever. */
static void
test_unverified_in_two_parts(void **state)
{
	struct msgid		 id = submit_to("alice@example.org",
	    JOB_RCPTS_MAX + 1);
	struct mail		*m = mail_find(&id);
	struct fake_sent	 one, two;

	(void)state;
	fake_conf.unverified = UNVERIFIED_HOLD;
	m->flags |= MAIL_UNVERIFIED;
	fake_marks[MARK_HOLD] = 0;
	wake_up(2);
	assert_true(next_job(&one) && next_job(&two));
	say(&one, RCPT_FAILED, 550, "5.1.1");
	assert_int_equal(fake_marks[MARK_HOLD], 0);
	say(&two, RCPT_DEFERRED, 450, "4.2.0");
	assert_int_equal(fake_marks[MARK_HOLD], 0);
	schedule_retry(m);
	fake_run();
	assert_true(next_job(&one) && next_job(&two));
	say(&one, RCPT_FAILED, 550, "5.1.1");
	say(&two, RCPT_FAILED, 550, "5.1.1");
	assert_int_equal(fake_marks[MARK_HOLD], 1);
	assert_int_equal(m->parts->state, PART_HELD);
	assert_int_equal(m->parts->next->state, PART_HELD);
	fake_conf.unverified = UNVERIFIED_REPORT;
}

static void
test_no_report_no_end(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job = one_job(&id);

	(void)state;
	fake_space = STORE_NO_SPACE;
	say(&job, RCPT_FAILED, 550, "5.1.1");
	assert_false(last_record()->gone);
	assert_int_equal(last_record()->rcpts[0].state, SPOOL_WAITING);
	assert_int_equal(mail_find(&id)->parts->state, PART_DEFERRED);
}

static void
test_nobody_to_tell(void **state)
{
	struct fake_sent	 job;

	(void)state;
	submit_to("", 1);
	wake_up(1);
	assert_true(next_job(&job));
	say(&job, RCPT_FAILED, 550, "5.1.1");
	assert_int_equal(fake_n_mails, 1);
	assert_true(last_record()->gone);
	assert_true(fake_logged("undeliverable id="));
}

static void
test_expired(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job = one_job(&id);

	(void)state;
	fake_time(86400 * 1000);
	say(&job, RCPT_DEFERRED, 421, "4.3.2");
	assert_true(last_record()->gone);
	assert_int_equal(fake_n_mails, 2);
	assert_non_null(memmem(fake_mails[1].body.p, fake_mails[1].body.n,
	    "Status: 5.4.7", 13));
}

/* Nothing is ever tried on a route that stays down; its mail ends too. */
static void
test_expired_on_a_dead_route(void **state)
{
	struct route_down	 down = { 0, 60, STR("no host answers") };
	struct msgid		 id = submit();

	(void)state;
	wake_up(0);
	down.route = route_number;
	fake_time(86400 * 1000 + 5000);
	on_route_down(&out, 0, &down);
	fake_run();
	fake_sync(true);
	assert_null(mail_find(&id));
	assert_non_null(memmem(fake_mails[1].body.p, fake_mails[1].body.n,
	    "no host answers", 15));
}

static void
test_delay_is_told_once(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job;

	(void)state;
	fake_conf.delay_warning_s = 14400;
	job = one_job(&id);
	say(&job, RCPT_DEFERRED, 421, "4.3.2");
	assert_int_equal(fake_n_mails, 1);
	fake_marks[MARK_WARNED] = 0;
	for (int i = 0; i < 2; i++) {
		fake_time(15000 * 1000);
		schedule_due();
		fake_run();
		while (next_job(&job))
			if (msgid_equal(&job.job.id, &id))
				say(&job, RCPT_DEFERRED, 421, "4.3.2");
			else
				delivered(&job);
	}
	assert_int_equal(fake_n_mails, 2);
	assert_int_equal(fake_marks[MARK_WARNED], 1);
}

/* ---- other processes' faults ------------------------------------------- */

static void
test_worker_lost(void **state)
{
	struct msgid		 first, id;
	struct fake_sent	 job = one_job(&first);
	int			 n = 0;

	(void)state;
	id = submit();
	worker_down();
	assert_true(fake_logged("suspect id="));
	assert_int_equal(mail_find(&first)->parts->deaths, 1);
	assert_int_equal(mail_find(&id)->parts->deaths, 0);
	worker_up();
	resumed();
	wake_up(5);
	for (; next_job(&job); n++)
		delivered(&job);
	assert_int_equal(n, 2);
	fake_sync(true);
	assert_null(mail_after(0));
}

/* It goes among others, then as the only suspect; at last it is held, and
 * says why. */
static void
test_one_that_kills_is_held(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job = one_job(&id);
	const struct mail	*m = mail_find(&id);

	(void)state;
	fake_marks[MARK_HOLD] = 0;
	for (int i = 1; i < DEATHS_MAX; i++) {
		worker_down();
		assert_int_equal(m->parts->state, PART_READY);
		assert_int_equal(m->parts->deaths, i);
		worker_up();
		resumed();
		wake_up(1);
		assert_true(next_job(&job));
		assert_int_equal(held_by()->n_suspects, 1);
		assert_int_equal(held_by()->alone, i >= DEATHS_ALONE);
	}
	worker_down();
	assert_int_equal(m->parts->state, PART_HELD);
	assert_true(m->flags & MAIL_HELD);
	assert_int_equal(fake_marks[MARK_HOLD], 1);
	assert_true(fake_logged("it is held"));
	assert_true(str_equal(reply_text(m->parts->reply),
	    str_of("held, as the programs that tried to deliver it have died "
	    "of it")));
	/* until somebody lets it go */
	schedule_release(mail_find(&id));
	worker_up();
	resumed();
	wake_up(1);
	assert_true(next_job(&job));
	delivered(&job);
	fake_sync(true);
	assert_null(mail_after(0));
}

static void
test_worker_lost_while_loading(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job;

	(void)state;
	fake_slow = true;
	id = submit();
	wake_up(1);
	assert_int_equal(fake_n_loads, 1);
	worker_down();
	assert_false(fake_logged("suspect id="));	/* it had nothing */
	fake_load();
	assert_int_equal(mail_find(&id)->parts->state, PART_READY);
	worker_up();
	resumed();
	wake_up(1);
	fake_load();
	assert_false(next_job(&job));
	fake_load();
	assert_true(next_job(&job));
	delivered(&job);
}

static void
test_results_that_lie(void **state)
{
	struct rcpt_result	 r[2] = { { .index = 0 }, { .index = 0 } };
	struct job_result	 m = { .rcpts = r };
	struct msgid		 id;
	struct fake_sent	 job;

	(void)state;
	for (int lie = 0; lie < 2; lie++) {
		job = one_job(&id);
		m.job = job.job.job;
		r[0].index = lie == 0 ? 7 : 0;	/* not in it; or twice */
		m.n_rcpts = lie == 0 ? 1 : 2;
		on_job_result(&out, 0, &m);
		assert_non_null(fake_fault);
		fake_fault = NULL;
		worker_down();
		assert_int_equal(mail_find(&id)->parts->state, PART_READY);
		outcome_remove(mail_find(&id)->parts, NULL, NULL);
		fake_sync(true);
		worker_up();
		resumed();
	}
}

static void
test_route_that_never_was(void **state)
{
	struct route_window	 m = { 4000000, 1 };

	(void)state;
	on_route_window(&out, 0, &m);
	assert_non_null(fake_fault);
}

/* A new life of queued: the worker says what it has, then its results. */
static void
test_resume(void **state)
{
	struct recipient	 rcpts[2] = {
		{ .address = STR("a@example.net") },
		{ .address = STR("b@example.net") } };
	struct envelope		 e = { .id = new_id(), .arrived = FAKE_WALL,
	    .sender = STR("alice@example.org"), .rcpts = rcpts,
	    .n_rcpts = 2 };
	struct spool_rcpt	 states[2] = { { .index = 0 },
	    { .index = 1, .tries = 2 } };
	struct spool_message	 s = { .envelope = &e, .size = 9,
	    .rcpts = states };
	struct rcpt_index	 in_hand[] = { { 0 } };
	struct job_resume	 resume = { 4711, e.id, in_hand, 1 };
	struct job_resume	 ended = { 4712, { { 99 } }, in_hand, 1 };
	struct fake_sent	 job = { .n_rcpts = 1 }, kept;

	(void)state;
	worker_down();
	fake_mail_add(&e, STR_NONE, STR_NONE);
	intake_found(&s);
	worker_up();
	on_job_resume(&out, 0, &resume);
	on_job_resume(&out, 0, &ended);
	resumed();
	wake_up(9);
	assert_true(next_job(&job));	/* the other one alone */
	assert_int_equal(job.n_rcpts, 1);
	assert_int_equal(job.rcpts[0], 1);
	assert_int_equal(job.job.tries, 2);
	delivered(&job);
	job.job.job = 4711;
	job.rcpts[0] = 0;
	delivered(&job);
	assert_true(fake_logged("rcpt=<a@example.net> status=delivered"));
	assert_true(last_record()->gone);
	job.job.job = 4712;		/* its message ended long ago */
	delivered(&job);
	fake_sync(true);
	fake_run();
	assert_true(fake_take(MSG_JOB_KEPT, &kept));
	assert_null(mail_find(&e.id));
	on_job_resume(&out, 0, &resume);
	on_job_resume(&out, 0, &resume);
	assert_non_null(fake_fault);
}

/* What the spool gives at a start: a message to a@, and to b@. */
static struct envelope
recovered(struct spool_rcpt states[2], const char *a)
{
	static struct recipient	 rcpts[2];
	struct envelope		 e = { .id = new_id(), .arrived = FAKE_WALL,
	    .sender = STR("alice@example.org"), .rcpts = rcpts,
	    .n_rcpts = 2 };
	struct spool_message	 s = { .envelope = &e, .size = 9,
	    .rcpts = states };

	states[0].index = 0;
	states[1].index = 1;
	rcpts[0] = (struct recipient){ .address = str_of(a) };
	rcpts[1] = (struct recipient){ .address = STR("b@example.net") };
	fake_mail_add(&e, STR_NONE, STR_NONE);
	intake_found(&s);
	fake_run();
	return e;
}

/* One result of the job was durable before, so it comes twice. */
static void
test_resumed_result_is_partly_known(void **state)
{
	struct spool_rcpt	 states[2] = { { .state = SPOOL_DONE }, { 0 } };
	struct rcpt_index	 in_hand[] = { { 0 }, { 1 } };
	struct fake_sent	 job = { .n_rcpts = 2, .rcpts = { 0, 1 } };
	struct job_resume	 resume = { 4713, { { 0 } }, in_hand, 2 };

	(void)state;
	worker_down();
	resume.id = recovered(states, "a@example.net").id;
	worker_up();
	on_job_resume(&out, 0, &resume);
	resumed();
	job.job.job = 4713;
	delivered(&job);
	assert_null(fake_fault);
	assert_int_equal(last_record()->n, 1);
	assert_int_equal(last_record()->rcpts[0].index, 1);
	assert_true(last_record()->gone);
}

static void
test_resume_only_before_resumed(void **state)
{
	struct rcpt_index	 in_hand[] = { { 0 } };
	struct job_resume	 resume = { 4714, { { 99 } }, in_hand, 1 };

	(void)state;
	on_job_resume(&out, 0, &resume);
	assert_non_null(fake_fault);
}

static void
test_resumes_are_bounded(void **state)
{
	struct rcpt_index	 in_hand[] = { { 0 } };
	struct job_resume	 resume = { 1, { { 99 } }, in_hand, 1 };

	(void)state;
	worker_down();
	worker_up();
	for (int i = 0; i < RESUMES_MAX; i++, resume.job++)
		on_job_resume(&out, 0, &resume);
	assert_null(fake_fault);
	on_job_resume(&out, 0, &resume);
	assert_non_null(fake_fault);
}

/* A worker that delivers elsewhere cannot take it out of the queue. */
static void
test_resume_of_anothers(void **state)
{
	struct spool_rcpt	 states[2] = { { 0 }, { 0 } };
	struct rcpt_index	 in_hand[] = { { 0 }, { 1 } };
	struct job_resume	 resume = { 4715, { { 0 } }, in_hand, 2 };
	struct peer		 local = { .role = ROLE_DELIVERD_LOCAL };
	struct fake_sent	 job;
	size_t			 before = fake_n_records;

	(void)state;
	resume.id = recovered(states, "a@example.net").id;
	dispatch_peer_up(&local);
	on_job_resume(&local, 0, &resume);
	wake_up(1);
	assert_true(next_job(&job));
	assert_int_equal(job.n_rcpts, 2);
	on_job_result(&local, 0, &(struct job_result){ .job = 4715 });
	assert_int_equal(fake_n_records, before);
	dispatch_peer_down(&local);
}

static void
test_no_room_for_results(void **state)
{
	struct fake_sent	 job;

	(void)state;
	fake_no_room = true;
	submit();
	assert_false(fake_take(MSG_ROUTE_WAKE, &job));
	fake_no_room = false;
	submit_to("bob@example.org", 1);
	for (int i = 0; i < 100 && fake_n_sent < 3; i++)
		event_base_loop(fake_base, EVLOOP_ONCE);
	wake_up(2);
	assert_true(next_job(&job));
	delivered(&job);
	assert_true(next_job(&job));
	delivered(&job);
}

/* ---- time -------------------------------------------------------------- */

/* As fake_time, but the wall clock goes where it likes. */
static void
jump(int64_t wall_s)
{
	clock_hold(fake_ms, fake_wall + wall_s);
}

/*
 * The wall clock goes a day back, or ten years on: nothing is given up or
 * warned of, and nothing goes out before its time.
 */
static void
test_clock_jump(void **state)
{
	static const int64_t	 jumps[] = { -86400, 315360000 };
	struct msgid		 ids[20];
	struct fake_sent	 job;
	struct msgid		 first;

	(void)state;
	fake_conf.delay_warning_s = 7200;
	fake_marks[MARK_WARNED] = 0;
	job = one_job(&first);
	say(&job, RCPT_DEFERRED, 421, "4.3.2");
	window(COUNT(ids));
	for (size_t i = 0; i < COUNT(ids); i++) {
		ids[i] = submit();
		assert_true(next_job(&job));
		say(&job, RCPT_DEFERRED, 421, "4.3.2");
	}
	fake_sync(true);
	for (size_t i = 0; i < COUNT(jumps); i++) {
		fake_time(1000);
		jump(jumps[i]);
		schedule_due();
		fake_run();
		assert_false(next_job(&job));
		assert_int_equal(schedule_deferred(), COUNT(ids) + 1);
		/* and when it is tried, it waits on */
		schedule_retry(mail_find(&ids[i]));
		fake_run();
		assert_true(next_job(&job));
		say(&job, RCPT_DEFERRED, 421, "4.3.2");
		assert_int_equal(mail_find(&ids[i])->parts->state,
		    PART_DEFERRED);
		assert_in_range(mail_find(&ids[i])->parts->in.heap.due_s,
		    schedule_now() + 1, schedule_now() + every.retry_max_s);
	}
	assert_int_equal(mail_totals().messages, COUNT(ids) + 1);
	assert_int_equal(fake_marks[MARK_WARNED], 0);
	assert_false(fake_logged("report id="));
	fake_time(0);
}

static void
test_clock_has_jumped(void **state)
{
	struct spool_rcpt	 states[2] = {
		{ .next_try = FAKE_WALL * 2ull },
		{ .next_try = FAKE_WALL * 2ull } };
	struct msgid		 id = recovered(states, "a@example.net").id;

	(void)state;
	assert_in_range(mail_find(&id)->parts->in.heap.due_s, schedule_now(),
	    schedule_now() + every.retry_max_s);
}

static void
test_no_address_any_more(void **state)
{
	struct spool_rcpt	 states[2] = { { .state = SPOOL_DONE }, { 0 } };
	struct msgid		 id;
	size_t			 before = fake_n_records;

	(void)state;
	states[1].state = SPOOL_DONE;
	states[0].state = SPOOL_WAITING;
	id = recovered(states, "@@").id;
	assert_int_equal(fake_n_records, before);
	assert_non_null(mail_find(&id));
	assert_true(fake_logged("rcpt=<@@>"));
}

/* What is removed while it fails for some, and is not tried for others. */
static void
test_removed_ends_once(void **state)
{
	struct msgid		 id = submit_to("alice@example.org", 2);
	struct fake_sent	 job;
	unsigned		 ends = 0;

	(void)state;
	wake_up(1);
	assert_true(next_job(&job));
	mail_find(&id)->flags |= MAIL_REMOVED;
	job.n_rcpts = 1;
	delivered(&job);
	for (size_t i = 0; i < fake_n_records; i++)
		ends += msgid_equal(&fake_records[i].id, &id) &&
		    fake_records[i].gone;
	assert_int_equal(ends, 1);
	fake_sync(true);
	assert_null(mail_find(&id));
}

static void
test_not_sent_is_not_suspect(void **state)
{
	struct msgid	 id;

	(void)state;
	fake_slow = true;
	id = submit();
	wake_up(1);
	fake_load();
	out.down = true;	/* while its content is read */
	fake_load();
	assert_int_equal(task_open(), 0);
	worker_down();
	assert_false(fake_logged("suspect id="));
	assert_int_equal(mail_find(&id)->parts->deaths, 0);
	assert_int_equal(mail_find(&id)->parts->state, PART_READY);
}

static void
test_shares(void **state)
{
	static const struct {
		unsigned	 size, used, in_flight;
		bool		 may;
	} table[] = {
		{ 100, 0, 0, true },
		{ 100, 20, 20, false },	/* half of what is left of half */
		{ 100, 20, 14, true },
		{ 100, 48, 1, false },
		{ 100, 50, 0, true },	/* one for each */
		{ 100, 50, 1, false },
		{ 100, 99, 0, true },
		{ 100, 99, 1, false },
		{ 100, 100, 0, false },
		{ 100, 120, 0, false },
		{ TASKS_OUT_MAX, 999, 999, true }, /* the largest window */
	};
	unsigned	 used = 0, n;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(pool_allows(table[i].size, table[i].used,
		    table[i].in_flight), table[i].may);
	/* many that never answer, and there is room for one more */
	for (int r = 0; r < 2200; r++)
		for (n = 0; n < 40 && pool_allows(TASKS_OUT_MAX, used, n);
		    n++)
			used++;
	assert_true(pool_allows(TASKS_OUT_MAX, used, 0));
}

static void
test_record_is_written_again(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job = one_job(&id), s;

	(void)state;
	delivered(&job);
	fake_sync(false);
	fake_run();
	assert_false(fake_take(MSG_JOB_KEPT, &s));
	assert_non_null(mail_find(&id));
	outcome_again();
	assert_int_equal(fake_n_records, 2);
	assert_true(last_record()->gone);
	fake_sync(true);
	fake_run();
	assert_true(fake_take(MSG_JOB_KEPT, &s));
}

/* ---- changes of mind --------------------------------------------------- */

static void
test_waiting_mail_follows_new_routes(void **state)
{
	struct fake_sent	 wake = { .type = MSG_N }, job;
	struct msgid		 id = submit();
	uint32_t		 old;

	(void)state;
	wake_up(0);		/* nothing is ever wanted there */
	old = route_number;
	use_routes(&smart);
	dispatch_attend_all();
	fake_run();
	assert_true(fake_take(MSG_ROUTE_WAKE, &wake));
	assert_true(str_equal(wake.wake.next_hop, str_of("smart.example")));
	route_number = wake.wake.route;
	window(1);
	assert_true(next_job(&job));
	assert_memory_equal(&job.job.id, &id, sizeof(id));
	delivered(&job);
	use_routes(&every);
	dispatch_retry(route_find(old));
}

static void
test_removed_while_in_hand(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job = one_job(&id);

	(void)state;
	mail_find(&id)->flags |= MAIL_REMOVED;
	say(&job, RCPT_DEFERRED, 421, "4.3.2");
	assert_true(last_record()->gone);
	assert_int_equal(fake_n_mails, 1);
}

/* ---- taking mail ------------------------------------------------------- */

static void
test_submit_is_checked_again(void **state)
{
	static const struct {
		const char		*sender, *rcpt;
		enum role		 role;
		enum store_result	 want;
	} cases[] = {
		{ "a@b.test", "x@example.net", ROLE_SMTPD_MSA, STORE_OK },
		{ "a@b.test", "x@example.net", ROLE_SMTPD_MX, STORE_REFUSED },
		{ "a@b.test", "x y@example.net", ROLE_SMTPD_MSA,
		    STORE_REFUSED },
		{ "a\r\n@b.test", "x@example.net", ROLE_SMTPD_MSA,
		    STORE_REFUSED },
	};
	struct fake_sent	 s;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct recipient	 to = {
		    .address = str_of(cases[i].rcpt) };
		struct mail_submit	 m = { .envelope = { .id = new_id(),
		    .sender = str_of(cases[i].sender), .listener = ON_LOCAL,
		    .rcpts = &to, .n_rcpts = 1 } };

		smtpd.role = cases[i].role;
		on_mail_submit(&smtpd, 5, &m);
		assert_true(fake_take(MSG_MAIL_STORED, &s));
		assert_int_equal(s.id, 5);
		assert_int_equal(s.stored.result, cases[i].want);
	}
}

/* Mail of an account may go anywhere, and its sender is known. */
static void
test_accounts(void **state)
{
	struct recipient	 to = { .address = STR("x@example.net") };
	struct mail_submit	 m = { .envelope = { .id = new_id(),
	    .sender = STR("a@b.test"), .listener = ON_SUBMISSION,
	    .rcpts = &to, .n_rcpts = 1 } };
	struct fake_sent	 s;

	(void)state;
	smtpd.role = ROLE_SMTPD_MSA;
	on_mail_submit(&smtpd, 5, &m);
	assert_true(fake_take(MSG_MAIL_STORED, &s));
	assert_int_equal(s.stored.result, STORE_REFUSED);
	m.envelope.account = str_of("user");
	on_mail_submit(&smtpd, 6, &m);
	fake_run();
	assert_true(fake_take(MSG_MAIL_STORED, &s));
	assert_int_equal(s.stored.result, STORE_OK);
	assert_true(fake_mail_find(&m.envelope.id)->envelope.verified);
	/* one that only port 25 knows of is none */
	smtpd.role = ROLE_SMTPD_MX;
	m.envelope.id = new_id();
	on_mail_submit(&smtpd, 7, &m);
	assert_false(fake_take(MSG_MAIL_STORED, &s));
	assert_non_null(fake_fault);
}

static void
test_ids_are_new_and_known(void **state)
{
	struct msgid		 id;
	struct mail_ask		 ask;
	struct fake_sent	 job = one_job(&id), s;

	(void)state;
	while (fake_take(MSG_MAIL_STORED, &s))
		continue;
	last_id--;
	submit();		/* the same id again */
	assert_true(fake_take(MSG_MAIL_STORED, &s));
	assert_int_equal(s.stored.result, STORE_REFUSED);
	ask.id = id;
	on_mail_ask(&smtpd, 6, &ask);
	assert_true(fake_take(MSG_MAIL_KNOWN, &s));
	assert_true(s.known.stored);
	delivered(&job);
	fake_sync(true);
	on_mail_ask(&smtpd, 7, &ask);
	assert_true(fake_take(MSG_MAIL_KNOWN, &s));
	assert_true(s.known.stored);	/* it has only just ended */
	ask.id.b[5] = 1;
	on_mail_ask(&smtpd, 8, &ask);
	assert_true(fake_take(MSG_MAIL_KNOWN, &s));
	assert_false(s.known.stored);
}

static void
test_files_belong_to_their_channel(void **state)
{
	struct peer		 other = { .role = ROLE_SMTPD_MSA };
	struct large_drop	 drop = { 77 };
	struct nothing		 nothing;
	struct fake_sent	 s;

	(void)state;
	on_large_open(&smtpd, 9, &nothing);
	assert_true(fake_take(MSG_LARGE_OPENED, &s));
	submit_peer_up(&other);
	on_large_drop(&other, 0, &drop);
	assert_non_null(fake_fault);
	submit_peer_down(&other);
	fake_fault = NULL;
	on_large_drop(&smtpd, 0, &drop);
	assert_null(fake_fault);
	on_large_drop(&smtpd, 0, &drop);
	assert_non_null(fake_fault);
}

static void
test_only_own_files_are_submitted(void **state)
{
	struct peer		 other = { .role = ROLE_SMTPD_MSA };
	struct recipient	 to = { .address = STR("x@example.net") };
	struct mail_submit	 m = { .envelope = { .id = new_id(),
	    .sender = STR("a@b.test"), .listener = ON_LOCAL, .rcpts = &to,
	    .n_rcpts = 1 }, .large = 77, .large_size = BODY_INLINE_MAX + 1 };
	struct nothing		 nothing;
	struct fake_sent	 s;

	(void)state;
	on_large_open(&smtpd, 9, &nothing);
	assert_true(fake_take(MSG_LARGE_OPENED, &s));
	submit_peer_up(&other);
	fake_fault = NULL;
	on_mail_submit(&other, 5, &m);
	assert_non_null(fake_fault);
	assert_null(mail_find(&m.envelope.id));
	submit_peer_down(&other);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_windows),
		TEST(test_rate),
		TEST(test_many_recipients_are_several_jobs),
		TEST(test_kept_only_when_durable),
		TEST(test_deferred_waits),
		TEST(test_greylisted_is_tried_sooner),
		TEST(test_mixed_results),
		TEST(test_failure_is_reported_first),
		TEST(test_one_report_for_a_round),
		TEST(test_one_report_over_a_death),
		TEST(test_success),
		TEST(test_unverified_senders),
		TEST(test_unverified_in_two_parts),
		TEST(test_no_report_no_end),
		TEST(test_nobody_to_tell),
		TEST(test_expired),
		TEST(test_expired_on_a_dead_route),
		TEST(test_delay_is_told_once),
		TEST(test_worker_lost),
		TEST(test_one_that_kills_is_held),
		TEST(test_worker_lost_while_loading),
		TEST(test_results_that_lie),
		TEST(test_route_that_never_was),
		TEST(test_resume),
		TEST(test_resumed_result_is_partly_known),
		TEST(test_resume_only_before_resumed),
		TEST(test_resumes_are_bounded),
		TEST(test_resume_of_anothers),
		TEST(test_no_room_for_results),
		TEST(test_clock_has_jumped),
		TEST(test_clock_jump),
		TEST(test_no_address_any_more),
		TEST(test_removed_ends_once),
		TEST(test_not_sent_is_not_suspect),
		TEST(test_shares),
		TEST(test_record_is_written_again),
		TEST(test_waiting_mail_follows_new_routes),
		TEST(test_removed_while_in_hand),
		TEST(test_submit_is_checked_again),
		TEST(test_accounts),
		TEST(test_ids_are_new_and_known),
		TEST(test_files_belong_to_their_channel),
		TEST(test_only_own_files_are_submitted),
	};

	return cmocka_run_group_tests(tests, set_up_all, NULL);
}
