/*
 * Mail that goes another way than it began to: by what the postmaster says
 * of it, and by a new configuration; wherever it is at that moment.
 */
#include "queue_fakes.h"

#include "dispatch.h"
#include "intake.h"
#include "mail.h"
#include "outcome.h"
#include "override.h"
#include "reply.h"
#include "reroute.h"
#include "router.h"
#include "schedule.h"
#include "task.h"
#include "walk.h"

#define ELSEWHERE	"smtp://elsewhere.example:25"

static const struct route_conf	 every = { .pattern = STR("*"),
	.concurrency = 5, .retry_min_s = 300, .retry_max_s = 3600,
	.expire_s = 86400, .credential = CREDENTIAL_NONE };
static const struct route_conf	 smart = { .pattern = STR("*"),
	.via_host = STR("smart.example"), .via_port = 25, .concurrency = 5,
	.retry_min_s = 300, .retry_max_s = 3600, .expire_s = 86400,
	.credential = CREDENTIAL_NONE };

static struct peer	 ctl = { .role = ROLE_CTL }, out;
static uint8_t		 last_id;

static void
use(const struct route_conf *conf)
{
	struct router	*r;
	char		 why[TEXT_MAX];

	fake_conf.routes = conf;
	fake_conf.n_routes = 1;
	fake_conf.smtp_port = 25;
	r = router_new(&fake_conf, why, sizeof(why));
	assert_non_null(r);
	router_use(r);
	dispatch_attend_all();
	fake_run();
}

static void
worker_up(void)
{
	struct nothing	 m;

	out = (struct peer){ .role = ROLE_DELIVERD_OUT };
	dispatch_peer_up(&out);
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

static int
set_up_all(void **state)
{
	(void)state;
	fakes_set_up();
	use(&every);
	dispatch_init();
	dispatch_start();
	return 0;
}

static int
set_up(void **state)
{
	(void)state;
	use(&every);
	worker_up();
	return 0;
}

static int
tear_down(void **state)
{
	struct mail	*m;

	(void)state;
	fake_slow = false;
	while (fake_n_loads != 0)
		fake_load();
	worker_down();
	while ((m = mail_after(0)) != NULL) {
		schedule_release(m);
		outcome_remove(m->parts, NULL, NULL);
		fake_sync(true);
	}
	for (size_t i = 0; i < fake_n_mails; i++)
		arena_clear(&fake_mails[i].arena);
	fake_n_mails = fake_n_records = fake_n_durable = fake_n_sent = 0;
	fake_n_vias = 0;
	return 0;
}

static void
on_done(void *arg, enum store_result result, const char *text)
{
	(void)arg, (void)text;
	assert_int_equal(result, STORE_OK);
}

/* To u@a.test, u@b.test ...: n of them. */
static struct msgid
submit(size_t n)
{
	static char		 text[4][16];
	struct recipient	 to[4] = { { .notify = 0 } };
	struct envelope		 e = { .id = { { ++last_id } },
	    .sender = STR("s@x.test"), .arrived = (uint64_t)fake_wall,
	    .rcpts = to, .n_rcpts = n };

	for (size_t i = 0; i < n; i++) {
		snprintf(text[i], sizeof(text[i]), "u@%c.test",
		    (char)('a' + i));
		to[i].address = str_of(text[i]);
	}
	intake_store(&e, STR_NONE, STR_NONE, 0, 0, on_done, NULL);
	fake_run();
	return e.id;
}

static void
on_ended(struct walk *w)
{
	assert_ptr_equal(walk_peer(w), &ctl);
}

/* The answer to "route FILTER --via VIA". */
static struct fake_sent
change(const struct queue_filter *f, const char *via, bool dry_run)
{
	struct queue_change	 m = { .action = QUEUE_ROUTE,
	    .dry_run = dry_run, .filter = *f, .via = str_of(via) };
	struct fake_sent	 s = { .type = MSG_N };

	walk_route(&ctl, 8, &m, on_ended);
	fake_run();
	if (fake_n_durable < fake_n_records)	/* not before it is durable */
		assert_false(fake_take(MSG_QUEUE_CHANGED, &s));
	fake_sync(true);
	assert_true(fake_take(MSG_QUEUE_CHANGED, &s));
	return s;
}

static const struct queue_filter	 all = { .states = 0 };

/* The route of that recipient. */
static const char *
name_of(const struct msgid *id, uint16_t rcpt)
{
	static char	 text[ROUTE_NAME_MAX + 1];
	char		 name[ROUTE_NAME_MAX + 1];

	snprintf(text, sizeof(text), "%.*s", STR_FMT(route_name(
	    mail_part(mail_find(id), rcpt)->route, name)));
	return text;
}

/* Its job is in the worker's hands. */
static struct fake_sent
begin(struct msgid *id)
{
	struct fake_sent	 s = { .type = MSG_N };
	struct route_window	 w = { .window = 1 };

	*id = submit(1);
	assert_true(fake_take(MSG_ROUTE_WAKE, &s));
	w.route = s.wake.route;
	on_route_window(&out, 0, &w);
	fake_run();
	assert_true(fake_take(MSG_JOB, &s));
	return s;
}

static void
deferred(const struct fake_sent *job)
{
	struct rcpt_result	 r = { 0, RCPT_DEFERRED, 452, STR("4.2.2"),
	    STR("full up") };

	on_job_result(&out, 0, &(struct job_result){ .job = job->job.job,
	    .rcpts = &r, .n_rcpts = 1 });
	fake_run();
}

/* ---- what the postmaster says ------------------------------------------ */

static void
test_recipients_that_fit(void **state)
{
	static const struct queue_filter	 one = {
		.domain = STR("b.test") };
	struct msgid				 id = submit(3);
	struct fake_sent			 s;

	(void)state;
	s = change(&one, ELSEWHERE, true);
	assert_int_equal(s.changed.recipients, 1);
	assert_int_equal(fake_n_vias, 0);
	assert_string_equal(name_of(&id, 1), "b.test");
	s = change(&one, "elsewhere.example", false);
	assert_int_equal(s.changed.messages, 1);
	assert_int_equal(s.changed.recipients, 1);
	assert_int_equal(fake_n_vias, 1);
	assert_string_equal(fake_via, "smtp://elsewhere.example");
	assert_string_equal(name_of(&id, 0), "a.test");
	assert_string_equal(name_of(&id, 1), "elsewhere.example:25");
	assert_string_equal(name_of(&id, 2), "c.test");
	s = change(&one, "elsewhere.example", false);	/* it does already */
	assert_int_equal(s.changed.messages, 0);
	assert_int_equal(fake_n_vias, 1);
	s = change(&all, "", false);
	assert_int_equal(s.changed.recipients, 1);
	assert_int_equal(fake_via_rcpts, 1);
	assert_string_equal(fake_via, "");
	assert_string_equal(name_of(&id, 1), "b.test");
}

/* Recipients of several routes go on together where they may. */
static void
test_together(void **state)
{
	struct msgid	 id = submit(3);

	(void)state;
	change(&all, ELSEWHERE, false);
	assert_int_equal(mail_part(mail_find(&id), 0)->route->n_ready, 3);
	assert_int_equal(mail_find(&id)->parts->route->refs, 3);
	assert_true(fake_logged("override id="));
}

static void
test_refused(void **state)
{
	struct msgid		 id = submit(1);
	struct fake_sent	 s;

	(void)state;
	s = change(&all, "elsewhere.example:4242", false);
	assert_int_equal(s.changed.result, SHOW_REFUSED);
	s = change(&all, "no next hop", false);
	assert_int_equal(s.changed.result, SHOW_REFUSED);
	assert_int_equal(fake_n_vias, 0);
	assert_string_equal(name_of(&id, 0), "a.test");
}

/* A held one is held there; when it was to be tried, it is tried. */
static void
test_held_and_deferred(void **state)
{
	struct msgid		 id, held = submit(1);
	struct fake_sent	 job;
	struct part		*p;
	uint32_t		 due_s;

	(void)state;
	schedule_hold(mail_find(&held));
	job = begin(&id);
	deferred(&job);
	due_s = mail_find(&id)->parts->in.heap.due_s;
	change(&all, ELSEWHERE, false);
	p = mail_find(&held)->parts;
	assert_int_equal(p->state, PART_HELD);
	assert_string_equal(name_of(&held, 0), "elsewhere.example:25");
	p = mail_find(&id)->parts;
	assert_int_equal(p->state, PART_DEFERRED);
	assert_int_equal(p->in.heap.due_s, due_s);
	assert_int_equal(p->tries, 1);
	assert_true(str_equal(reply_text(p->reply), str_of("full up")));
	assert_string_equal(name_of(&id, 0), "elsewhere.example:25");
}

/* In hand: its result is that of the old way, its next try of the new. */
static void
test_in_hand(void **state)
{
	struct msgid		 id;
	struct fake_sent	 job = begin(&id);
	struct part		*p = mail_find(&id)->parts;

	(void)state;
	change(&all, ELSEWHERE, false);
	assert_int_equal(p->state, PART_ACTIVE);
	assert_string_equal(name_of(&id, 0), "a.test");
	deferred(&job);
	p = mail_find(&id)->parts;
	assert_int_equal(p->state, PART_DEFERRED);
	assert_int_equal(p->tries, 1);
	assert_string_equal(name_of(&id, 0), "elsewhere.example:25");
	assert_true(str_equal(reply_text(p->reply), str_of("full up")));
}

static void
test_wins_over_a_new_router(void **state)
{
	struct msgid	 id = submit(1), other = submit(1);

	(void)state;
	change(&(struct queue_filter){ .id = str_of(msgid_text(&id)) },
	    ELSEWHERE, false);
	use(&smart);
	assert_string_equal(name_of(&id, 0), "elsewhere.example:25");
	assert_string_equal(name_of(&other, 0), "smart.example:25");
	use(&every);
	change(&all, "", false);
	assert_string_equal(name_of(&id, 0), "a.test");
}

/* The disk does not take it: whoever asked is told. */
static void
test_not_kept(void **state)
{
	struct queue_change	 m = { .action = QUEUE_ROUTE,
	    .via = str_of(ELSEWHERE) };
	struct fake_sent	 s = { .type = MSG_N };

	(void)state;
	submit(1);
	walk_route(&ctl, 8, &m, on_ended);
	fake_run();
	fake_sync(false);
	assert_true(fake_take(MSG_QUEUE_CHANGED, &s));
	assert_int_equal(s.changed.result, SHOW_NOT_KEPT);
}

/*
 * A worker of mailboxes had two in hand when we died.  One of them has been
 * sent another way since: it is not sent there before that worker says what
 * came of it.  What never was for a mailbox it cannot claim.
 */
static void
test_resumed_by_the_usual_worker(void **state)
{
	static const struct rcpt_index	 first;
	struct msgid			 id = submit(1), other = submit(1);
	struct peer			 local = {
	    .role = ROLE_DELIVERD_LOCAL };
	struct job_resume		 m = { 77, id, &first, 1 };
	struct nothing			 none;

	(void)state;
	change(&(struct queue_filter){ .id = str_of(msgid_text(&id)) },
	    ELSEWHERE, false);
	dispatch_peer_up(&local);
	on_job_resume(&local, 0, &m);
	m = (struct job_resume){ 78, other, &first, 1 };
	on_job_resume(&local, 0, &m);
	on_job_resumed(&local, 0, &none);
	assert_int_equal(mail_find(&id)->parts->state, PART_ACTIVE);
	assert_int_equal(mail_find(&other)->parts->state, PART_READY);
	dispatch_peer_down(&local);
	fake_run();
}

/* A start routes by what the spool says. */
static void
test_found(void **state)
{
	static const struct recipient	 to[] = {
		{ .address = STR("u@a.test") },
		{ .address = STR("u@b.test") } };
	static const struct str		 vias[] = { STR(ELSEWHERE),
	    STR("") };
	static const struct spool_rcpt	 states[2];
	struct envelope			 e = { .id = { { ++last_id } },
	    .sender = STR("s@x.test"), .arrived = (uint64_t)fake_wall,
	    .rcpts = to, .n_rcpts = 2 };

	(void)state;
	fake_mail_add(&e, STR_NONE, STR_NONE);
	intake_found(&(struct spool_message){ .envelope = &e,
	    .rcpts = states, .vias = vias });
	assert_string_equal(name_of(&e.id, 0), "elsewhere.example:25");
	assert_string_equal(name_of(&e.id, 1), "b.test");
	use(&smart);
	assert_string_equal(name_of(&e.id, 0), "elsewhere.example:25");
	assert_string_equal(name_of(&e.id, 1), "smart.example:25");
}

/* With the message everything about it goes. */
static void
test_forgotten(void **state)
{
	struct msgid	 id = submit(1);

	(void)state;
	change(&all, ELSEWHERE, false);
	assert_int_not_equal(override_of(&id, 0).n, 0);
	outcome_remove(mail_find(&id)->parts, NULL, NULL);
	fake_sync(true);
	assert_null(mail_find(&id));
	assert_int_equal(override_of(&id, 0).n, 0);
}

/* ---- new routers ------------------------------------------------------- */

/* What a worker died with is asked for in vain no more than once. */
static void
test_suspects_follow(void **state)
{
	struct msgid		 id;
	struct fake_sent	 s = begin(&id);

	(void)state;
	worker_down();
	assert_int_equal(mail_find(&id)->parts->deaths, 1);
	worker_up();
	assert_true(fake_take(MSG_ROUTE_WAKE, &s));
	use(&smart);
	on_route_window(&out, 0, &(struct route_window){ s.wake.route, 1 });
	fake_run();
	assert_false(fake_take(MSG_JOB, &s));
	assert_int_equal(task_open(), 0);
	assert_string_equal(name_of(&id, 0), "smart.example:25");
	assert_int_equal(mail_find(&id)->parts->deaths, 1);
}

/* Removed while its envelope is read: it goes nowhere. */
static void
test_removed_meanwhile(void **state)
{
	struct msgid	 id = submit(1);

	(void)state;
	fake_slow = true;
	use(&smart);
	assert_int_equal(mail_find(&id)->parts->state, PART_ACTIVE);
	mail_find(&id)->flags |= MAIL_REMOVED;
	fake_slow = false;
	fake_load();
	fake_sync(true);
	assert_null(mail_find(&id));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_recipients_that_fit), TEST(test_together),
		TEST(test_refused), TEST(test_held_and_deferred),
		TEST(test_in_hand), TEST(test_wins_over_a_new_router),
		TEST(test_not_kept), TEST(test_resumed_by_the_usual_worker),
		TEST(test_found), TEST(test_forgotten),
		TEST(test_suspects_follow), TEST(test_removed_meanwhile),
	};

	return cmocka_run_group_tests(tests, set_up_all, NULL);
}
