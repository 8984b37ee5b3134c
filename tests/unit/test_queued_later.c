/*
 * Mail that is not to be sent before a time: the schedule keeps it until
 * then, whatever the clocks do and whoever asks, and its life begins there.
 */
#include "queue_fakes.h"

#include "dispatch.h"
#include "fate.h"
#include "intake.h"
#include "later.h"
#include "mail.h"
#include "outcome.h"
#include "router.h"
#include "schedule.h"
#include "submit.h"
#include "walk.h"

#define DAY	86400

static const struct listener_conf	 listeners[] = {
	{ .service = SERVICE_LOCAL },
};
static const struct route_conf		 every = { .pattern = STR("*"),
	.concurrency = 5, .retry_min_s = 300, .retry_max_s = 3600,
	.expire_s = 2 * DAY, .credential = CREDENTIAL_NONE };

static uint8_t	 last_id;

static int
set_up_all(void **state)
{
	struct router	*r;
	char		 why[TEXT_MAX];

	(void)state;
	fakes_set_up();
	fake_conf.listeners = listeners;
	fake_conf.n_listeners = COUNT(listeners);
	fake_conf.routes = &every;
	fake_conf.n_routes = 1;
	r = router_new(&fake_conf, why, sizeof(why));
	assert_non_null(r);
	router_use(r);
	dispatch_init();
	return 0;
}

static int
tear_down(void **state)
{
	struct mail	*m;

	(void)state;
	while ((m = mail_after(0)) != NULL) {
		outcome_remove(m->parts, NULL, NULL);
		fake_sync(true);
	}
	for (size_t i = 0; i < fake_n_mails; i++)
		arena_clear(&fake_mails[i].arena);
	fake_n_mails = fake_n_records = fake_n_durable = fake_n_sent = 0;
	fake_time(0);			/* both clocks agree again */
	return 0;
}

/* The wall clock jumps; the other one does not. */
static void
jump(int64_t s)
{
	clock_hold(fake_ms, fake_wall + s);
}

static void
on_done(void *arg, enum store_result result, const char *text)
{
	(void)text;
	*(enum store_result *)arg = result;
}

static struct envelope
envelope(uint64_t not_before)
{
	static const struct recipient	 to = {
		.address = STR("u@example.net") };

	return (struct envelope){ .id = { { ++last_id } },
	    .sender = STR("s@example.org"), .arrived = (uint64_t)fake_wall,
	    .not_before = not_before, .rcpts = &to, .n_rcpts = 1 };
}

static struct mail *
store(uint64_t not_before)
{
	struct envelope		 e = envelope(not_before);
	enum store_result	 result = STORE_RESULT_N;

	intake_store(&e, STR_NONE, STR_NONE, 0, 0, on_done, &result);
	assert_int_equal(result, STORE_OK);
	return mail_find(&e.id);
}

/* The same, as a start finds it. */
static struct mail *
found(uint64_t not_before, uint64_t next_try, uint32_t tries)
{
	struct envelope		 e = envelope(not_before);
	struct spool_rcpt	 state = { .next_try = next_try,
	    .tries = tries };

	if (not_before < e.arrived)
		e.arrived = not_before - 10;
	fake_mail_add(&e, STR_NONE, STR_NONE);
	intake_found(&(struct spool_message){ .envelope = &e,
	    .rcpts = &state });
	return mail_find(&e.id);
}

/* So much later, and what is due then has become ready. */
static void
pass(uint64_t s)
{
	fake_time(s * 1000);
	schedule_due();
}

static enum part_state
state_of(const struct mail *m)
{
	return m->parts->state;
}

static void
test_waits_for_its_time(void **state)
{
	uint64_t	 when = (uint64_t)fake_wall + 3 * DAY;
	struct mail	*m = store(when), *at_once = store(0);

	(void)state;
	assert_int_equal(state_of(at_once), PART_READY);
	assert_int_equal(state_of(m), PART_DEFERRED);
	assert_true(later_utc(&m->id) == when);
	assert_true(later_utc(&at_once->id) == 0);
	pass(2 * DAY);
	assert_int_equal(state_of(m), PART_DEFERRED);
	pass(DAY - 1);
	assert_int_equal(state_of(m), PART_DEFERRED);
	pass(1);
	assert_int_equal(state_of(m), PART_READY);
	assert_true(later_due(&m->id) == 0);
}

/* Who holds, releases or retries does not send it before. */
static void
test_nobody_hurries_it(void **state)
{
	struct mail	*m = store((uint64_t)fake_wall + DAY);

	(void)state;
	schedule_retry(m);
	assert_int_equal(state_of(m), PART_DEFERRED);
	schedule_hold(m);
	assert_int_equal(state_of(m), PART_HELD);
	schedule_release(m);
	assert_int_equal(state_of(m), PART_DEFERRED);
	pass(DAY);
	assert_int_equal(state_of(m), PART_READY);
	schedule_hold(m);
	schedule_release(m);
	assert_int_equal(state_of(m), PART_READY);
}

static void
test_across_restarts(void **state)
{
	uint64_t	 now = (uint64_t)fake_wall;
	struct mail	*before = found(now + 10, 0, 0);
	struct mail	*past = found(now - 10, now + 100, 1);
	struct mail	*tried = found(now - 10, 0, 0);

	(void)state;
	assert_int_equal(state_of(before), PART_DEFERRED);
	assert_int_equal(state_of(past), PART_DEFERRED);
	assert_int_equal(state_of(tried), PART_READY);
	pass(10);
	assert_int_equal(state_of(before), PART_READY);
	assert_int_equal(state_of(past), PART_DEFERRED);
	pass(90);
	assert_int_equal(state_of(past), PART_READY);
}

/* Put back it waits longer, put forward shorter, within an hour. */
static void
test_clock_jumps(void **state)
{
	struct mail	*m = store((uint64_t)fake_wall + 2 * DAY);

	(void)state;
	pass(2 * DAY - 10);
	fake_time(10 * 1000);
	jump(-DAY);
	schedule_due();
	assert_int_equal(state_of(m), PART_DEFERRED);
	fake_time(3600 * 1000);
	jump(DAY);
	schedule_due();
	assert_int_equal(state_of(m), PART_READY);

	m = store((uint64_t)fake_wall + 30 * DAY);
	fake_time(3600 * 1000);
	jump(30 * DAY);
	schedule_due();
	assert_int_equal(state_of(m), PART_READY);
	/* once it may go it stays so */
	jump(-30 * DAY);
	schedule_hold(m);
	schedule_release(m);
	assert_int_equal(state_of(m), PART_READY);
}

/* Two days from its time on, by both clocks; without one, from its arrival. */
static void
test_life_begins_there(void **state)
{
	uint64_t	 when = (uint64_t)fake_wall + 10 * DAY;
	struct mail	*m = store(when), *at_once = store(0);

	(void)state;
	assert_true(fate_until(m->parts) == when + 2 * DAY);
	assert_true(fate_until(at_once->parts) ==
	    at_once->arrived + 2 * DAY);
	pass(10 * DAY);
	assert_int_equal(state_of(m), PART_READY);
	assert_true(fate_is_expired(at_once->parts));
	assert_false(fate_is_expired(m->parts));
	jump(5 * DAY);			/* that alone does not age it */
	assert_false(fate_is_expired(m->parts));
	pass(2 * DAY - 10);
	assert_false(fate_is_expired(m->parts));
	pass(20);
	assert_true(fate_is_expired(m->parts));
}

static void
test_life_across_restarts(void **state)
{
	uint64_t	 now;
	struct mail	*old, *young;

	(void)state;
	fake_time(DAY * 1000);		/* no grace of the first minutes */
	now = (uint64_t)fake_wall;
	old = found(now - 3 * DAY, 0, 5);
	young = found(now - DAY, 0, 5);
	assert_true(fate_is_expired(old->parts));
	assert_false(fate_is_expired(young->parts));
}

static void
on_ended(struct walk *w)
{
	(void)w;
}

/* The next look at it comes sooner than it will be sent. */
static void
test_shown(void **state)
{
	static struct peer	 ctl = { .role = ROLE_CTL };
	uint64_t		 when = (uint64_t)fake_wall + 3 * DAY;
	struct fake_sent	 s = { .type = MSG_N };
	const struct mail	*m = store(when);

	(void)state;
	assert_true(schedule_utc(m->parts) < when);
	walk_list(&ctl, 7, &(struct queue_list){ .cursor = 0 }, on_ended);
	fake_run();
	assert_true(fake_take(MSG_QUEUE_ROWS, &s));
	assert_true(s.not_before == when && s.next_try == when);
}

/* Whoever submits may not keep it here for ever. */
static void
test_too_late(void **state)
{
	static struct peer	 smtpd = { .role = ROLE_SMTPD_MSA };
	struct mail_submit	 m = { .header = STR("\r\n") };
	struct fake_sent	 s = { .type = MSG_N };

	(void)state;
	submit_peer_up(&smtpd);
	for (uint64_t over = 0; over <= 1; over++) {
		m.envelope = envelope((uint64_t)fake_wall + LATER_MAX_S +
		    over);
		on_mail_submit(&smtpd, 1, &m);
		fake_run();
		assert_true(fake_take(MSG_MAIL_STORED, &s));
		assert_int_equal(s.stored.result, over == 0 ? STORE_OK :
		    STORE_REFUSED);
	}
	submit_peer_down(&smtpd);
}

#define TEST(name)	cmocka_unit_test_teardown(name, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_waits_for_its_time), TEST(test_nobody_hurries_it),
		TEST(test_across_restarts), TEST(test_clock_jumps),
		TEST(test_life_begins_there),
		TEST(test_life_across_restarts), TEST(test_shown),
		TEST(test_too_late),
	};

	return cmocka_run_group_tests(tests, set_up_all, NULL);
}
