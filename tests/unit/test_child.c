/*
 * The life of a child: every event in every state, the back-off between
 * starts, and the deadlines, with the clock held; and who of all children
 * stays, comes or goes with another configuration.
 */
#include "child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <event2/event.h>

#include "clock.h"
#include "master.h"
#include "plan.h"
#include "staff.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define NEVER		UINT64_MAX

/* what the child asked for, in order: "launch arm=2000 " */
static char		 done[256];
static uint64_t		 armed_ms;
static int		 launch_result;

static void
note(const char *what)
{
	strncat(done, what, sizeof(done) - strlen(done) - 1);
	strncat(done, " ", sizeof(done) - strlen(done) - 1);
}

static int
op_launch(struct child *c)
{
	(void)c;
	note("launch");
	return launch_result;
}

static void
op_arm(struct child *c, uint64_t ms)
{
	char	 text[32];

	(void)c;
	armed_ms = ms;
	snprintf(text, sizeof(text), "arm=%llu", (unsigned long long)ms);
	note(text);
}

static void
op_disarm(struct child *c)
{
	(void)c;
	armed_ms = NEVER;
	note("disarm");
}

static void
op_ping(struct child *c)
{
	(void)c;
	note("ping");
}

static void
op_stop(struct child *c)
{
	(void)c;
	note("stop");
}

static void
op_retire(struct child *c)
{
	(void)c;
	note("retire");
}

static void
op_kill(struct child *c)
{
	(void)c;
	note("kill");
}

static void
op_changed(struct child *c, enum child_state from)
{
	note(child_state_name(from));
	note(child_state_name(c->state));
}

static const struct child_ops ops = {
	.launch = op_launch, .arm = op_arm, .disarm = op_disarm,
	.ping = op_ping, .stop = op_stop, .retire = op_retire,
	.kill = op_kill,
	.changed = op_changed,
};

static uint64_t	 now_ms;

static void
set_time(uint64_t ms)
{
	now_ms = ms;
	clock_hold(ms, (time_t)(ms / 1000));
}

/* A child in that state, as it gets there, and nothing noted. */
static void
child_in(struct child *c, enum child_state state)
{
	set_time(1000000);
	launch_result = 0;
	child_init(c, ROLE_SMTPD_MX, 3, &ops);
	if (state != CHILD_DOWN)
		child_event(c, LIFE_START);
	if (state > CHILD_STARTING)
		child_event(c, LIFE_READY);
	if (state == CHILD_STOPPING)
		child_event(c, LIFE_STOP);
	if (state == CHILD_RETIRING)
		child_event(c, LIFE_RETIRE);
	assert_int_equal(c->state, state);
	done[0] = '\0';
}

static void
test_every_event_in_every_state(void **state)
{
	static const struct {
		enum child_state	 in;
		enum life_event		 event;
		enum child_state	 then;
		const char		*done;
	} cases[] = {
		{ CHILD_DOWN, LIFE_START, CHILD_STARTING,
		    "launch arm=2000 down starting " },
		{ CHILD_DOWN, LIFE_READY, CHILD_DOWN, "" },
		{ CHILD_DOWN, LIFE_EXIT, CHILD_DOWN, "" },
		{ CHILD_DOWN, LIFE_FAULT, CHILD_DOWN, "" },
		{ CHILD_DOWN, LIFE_TIMEOUT, CHILD_STARTING,
		    "launch arm=2000 down starting " },
		{ CHILD_DOWN, LIFE_STOP, CHILD_DOWN, "disarm " },
		{ CHILD_DOWN, LIFE_RETIRE, CHILD_DOWN, "disarm " },
		{ CHILD_STARTING, LIFE_START, CHILD_STARTING, "" },
		{ CHILD_STARTING, LIFE_READY, CHILD_READY,
		    "starting ready " },
		{ CHILD_STARTING, LIFE_EXIT, CHILD_DOWN,
		    "arm=0 starting down " },
		{ CHILD_STARTING, LIFE_FAULT, CHILD_STARTING, "kill " },
		{ CHILD_STARTING, LIFE_TIMEOUT, CHILD_STARTING,
		    "ping arm=2000 " },
		{ CHILD_STARTING, LIFE_STOP, CHILD_STOPPING,
		    "stop arm=15000 starting stopping " },
		{ CHILD_STARTING, LIFE_RETIRE, CHILD_STOPPING,
		    "stop arm=15000 starting stopping " },
		{ CHILD_READY, LIFE_START, CHILD_READY, "" },
		{ CHILD_READY, LIFE_READY, CHILD_READY, "" },
		{ CHILD_READY, LIFE_EXIT, CHILD_DOWN, "arm=0 ready down " },
		{ CHILD_READY, LIFE_FAULT, CHILD_READY, "kill " },
		{ CHILD_READY, LIFE_TIMEOUT, CHILD_READY, "ping arm=2000 " },
		{ CHILD_READY, LIFE_STOP, CHILD_STOPPING,
		    "stop arm=15000 ready stopping " },
		{ CHILD_READY, LIFE_RETIRE, CHILD_RETIRING,
		    "retire ready retiring " },
		{ CHILD_RETIRING, LIFE_START, CHILD_RETIRING, "" },
		{ CHILD_RETIRING, LIFE_READY, CHILD_RETIRING, "" },
		{ CHILD_RETIRING, LIFE_EXIT, CHILD_DOWN,
		    "disarm retiring down " },
		{ CHILD_RETIRING, LIFE_FAULT, CHILD_RETIRING, "kill " },
		{ CHILD_RETIRING, LIFE_TIMEOUT, CHILD_RETIRING,
		    "ping arm=2000 " },
		{ CHILD_RETIRING, LIFE_STOP, CHILD_STOPPING,
		    "stop arm=15000 retiring stopping " },
		{ CHILD_RETIRING, LIFE_RETIRE, CHILD_RETIRING, "" },
		{ CHILD_STOPPING, LIFE_START, CHILD_STOPPING, "" },
		{ CHILD_STOPPING, LIFE_READY, CHILD_STOPPING, "" },
		{ CHILD_STOPPING, LIFE_EXIT, CHILD_DOWN,
		    "disarm stopping down " },
		{ CHILD_STOPPING, LIFE_FAULT, CHILD_STOPPING, "kill " },
		{ CHILD_STOPPING, LIFE_TIMEOUT, CHILD_STOPPING, "kill " },
		{ CHILD_STOPPING, LIFE_STOP, CHILD_STOPPING, "" },
		{ CHILD_STOPPING, LIFE_RETIRE, CHILD_STOPPING, "" },
	};
	struct child	 c;

	(void)state;
	assert_int_equal(COUNT(cases), CHILD_STATE_N * LIFE_N);
	for (size_t i = 0; i < COUNT(cases); i++) {
		child_in(&c, cases[i].in);
		child_event(&c, cases[i].event);
		assert_int_equal(c.state, cases[i].then);
		assert_string_equal(done, cases[i].done);
	}
}

static void
test_launch_that_fails(void **state)
{
	struct child	 c;

	(void)state;
	child_in(&c, CHILD_DOWN);
	launch_result = -1;
	child_event(&c, LIFE_START);
	assert_int_equal(c.state, CHILD_DOWN);
	assert_string_equal(done, "launch arm=0 starting down ");
	assert_int_equal(c.failed, 1);
	child_event(&c, LIFE_TIMEOUT);
	child_event(&c, LIFE_TIMEOUT);
	assert_int_equal(c.failed, CHILD_FIRST_TRIES);
	/* once it has served, a failed start is no reason to give up */
	launch_result = 0;
	child_event(&c, LIFE_TIMEOUT);
	child_event(&c, LIFE_READY);
	assert_int_equal(c.failed, 0);
	child_event(&c, LIFE_EXIT);
	assert_int_equal(c.failed, 0);
}

static void
test_silence(void **state)
{
	static const enum child_state	 states[] = { CHILD_STARTING,
	    CHILD_READY, CHILD_RETIRING };
	struct child			 c;

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		child_in(&c, states[i]);
		set_time(now_ms + CHILD_SILENT_MS - 1);
		child_event(&c, LIFE_TIMEOUT);
		assert_string_equal(done, "ping arm=2000 ");
		child_heard(&c);
		set_time(now_ms + CHILD_SILENT_MS - 1);
		child_event(&c, LIFE_TIMEOUT);
		assert_string_equal(done, "ping arm=2000 ping arm=2000 ");
		done[0] = '\0';
		set_time(now_ms + 1);
		child_event(&c, LIFE_TIMEOUT);
		assert_string_equal(done, "kill ");
	}
}

/* It answers, but never is READY. */
static void
test_endless_start(void **state)
{
	struct child	 c;
	uint64_t	 began;

	(void)state;
	child_in(&c, CHILD_STARTING);
	for (began = now_ms; now_ms - began < CHILD_START_MS - CHILD_TICK_MS;) {
		set_time(now_ms + CHILD_TICK_MS);
		child_heard(&c);
		done[0] = '\0';
		child_event(&c, LIFE_TIMEOUT);
		assert_string_equal(done, "ping arm=2000 ");
	}
	set_time(began + CHILD_START_MS);
	child_heard(&c);
	done[0] = '\0';
	child_event(&c, LIFE_TIMEOUT);
	assert_string_equal(done, "kill ");
}

/* It finishes its work in its own time, but not for ever. */
static void
test_endless_retirement(void **state)
{
	struct child	 c;

	(void)state;
	child_in(&c, CHILD_RETIRING);
	set_time(now_ms + CHILD_RETIRE_MS - 1);
	child_heard(&c);
	child_event(&c, LIFE_TIMEOUT);
	assert_string_equal(done, "ping arm=2000 ");
	done[0] = '\0';
	set_time(now_ms + 1);
	child_event(&c, LIFE_TIMEOUT);
	assert_int_equal(c.state, CHILD_STOPPING);
	assert_string_equal(done, "stop arm=15000 retiring stopping ");
}

static void
test_stop_while_waiting(void **state)
{
	struct child	 c;

	(void)state;
	child_in(&c, CHILD_READY);
	for (int i = 0; i < BACKOFF_FREE; i++) {
		child_event(&c, LIFE_EXIT);
		child_event(&c, LIFE_TIMEOUT);
		child_event(&c, LIFE_READY);
	}
	child_event(&c, LIFE_EXIT);
	assert_int_equal(armed_ms, BACKOFF_FIRST_MS);
	child_event(&c, LIFE_STOP);
	assert_int_equal(c.state, CHILD_DOWN);
	assert_true(armed_ms == NEVER);
}

static void
test_backoff(void **state)
{
	static const uint64_t	 waits[] = { 0, 0, 0, 1000, 2000, 4000, 8000,
	    16000, 30000, 30000, 30000 };
	struct backoff		 b = { 0 };

	(void)state;
	set_time(5000000);
	for (size_t i = 0; i < COUNT(waits); i++) {
		assert_int_equal(backoff_next(&b, now_ms, 0), waits[i]);
		set_time(now_ms + waits[i] + 100);
	}
	/* nearly good is not good */
	assert_int_equal(backoff_next(&b, now_ms,
	    now_ms - CHILD_GOOD_MS + 1), BACKOFF_MAX_MS);
	assert_int_equal(backoff_next(&b, now_ms, now_ms - CHILD_GOOD_MS), 0);
	assert_int_equal(b.deaths, 1);
}

/* Three in a minute are free; further apart each is the first. */
static void
test_backoff_rare_deaths(void **state)
{
	struct backoff	 b = { 0 };

	(void)state;
	set_time(5000000);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(backoff_next(&b, now_ms, now_ms - 5000), 0);
		set_time(now_ms + BACKOFF_FREE_MS / 2 + 1);
	}
}

/* ---- another configuration --------------------------------------------- */

static struct listener_conf	 mx = { .service = SERVICE_MX,
    .auth_table = TABLE_NONE,
				    .message_size = 1000 };
static struct route_conf	 routes[] = { { .via_port = 2526 },
				    { .via_port = 2527 } };

static struct conf
basic(uint16_t mx_workers, uint16_t out_workers)
{
	return (struct conf){ .uid_base = 5250, .mx_workers = mx_workers,
	    .out_workers = out_workers, .listeners = &mx, .n_listeners = 1,
	    .routes = routes, .n_routes = 1, .smtp_port = 25,
	    .run_dir = STR("/run/p"), .spool = STR("/spool") };
}

/* "mx0 mx1+ out0-": + a candidate, - leaves */
static const char *
staff(void)
{
	static char	 text[512];
	size_t		 n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < master.n_children; i++) {
		const struct child	*c = &master.children[i];

		if (c->role != ROLE_N)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%u%s ", role_name(c->role), c->index,
			    c->candidate ? "+" : c->leaves ? "-" : "");
	}
	return text;
}

static void
employ(const struct conf *conf)
{
	if (master.base == NULL)
		master.base = event_base_new();
	staff_setup(&ops);
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].role != ROLE_N)
			staff_dismiss(&master.children[i], LIFE_STOP);
	master.n_children = 0;
	for (enum role r = 0; r < ROLE_N; r++)
		if (1u << r & DAEMON_ANY)
			for (unsigned i = 0; i < role_wanted(conf, r); i++)
				assert_non_null(staff_add(r));
}

static void
test_who_stays(void **state)
{
	struct conf	 old = basic(2, 1), new = basic(2, 1);
	char		 why[256];

	(void)state;
	employ(&old);
	assert_int_equal(staff_change(&old, &new, why, sizeof(why)), 0);
	assert_string_equal(staff(), "mx0 mx1 queued0 resolverd0 out0 ");
	/* the same ports in another order, or one of them twice */
	new.routes = (const struct route_conf[]){ { .via_port = 25 },
	    { .via_port = 2526 }, { .via_port = 2526 } };
	new.n_routes = 3;
	assert_int_equal(staff_change(&old, &new, why, sizeof(why)), 0);
	assert_string_equal(staff(), "mx0 mx1 queued0 resolverd0 out0 ");
}

static void
test_who_comes_and_goes(void **state)
{
	struct conf	 old = basic(2, 1), new = basic(3, 1);
	char		 why[256];

	(void)state;
	employ(&old);
	/* more workers, and a port that no jail there is lets through */
	new.n_routes = 2;
	assert_int_equal(staff_change(&old, &new, why, sizeof(why)), 0);
	assert_string_equal(staff(), "mx0 mx1 queued0 resolverd0 out0- mx2+ "
	    "out1+ ");
	staff_undo();
	assert_string_equal(staff(), "mx0 mx1 queued0 resolverd0 out0 ");

	/* a port less is another jail as well; and fewer workers */
	old.n_routes = 2;
	new = basic(1, 1);
	assert_int_equal(staff_change(&old, &new, why, sizeof(why)), 0);
	assert_string_equal(staff(), "mx0 mx1- queued0 resolverd0 out0- "
	    "out1+ ");
	staff_dismiss(staff_find(ROLE_SMTPD_MX, 1), LIFE_RETIRE);
	assert_string_equal(staff(), "mx0 queued0 resolverd0 out0- out1+ ");
}

/* The limit on files goes by the largest message of any listener. */
static void
test_who_has_another_limit(void **state)
{
	struct listener_conf	 larger = mx;
	struct conf		 old = basic(1, 1), new = basic(1, 1);
	char			 why[256];

	(void)state;
	employ(&old);
	larger.message_size = 5000;
	new.listeners = &larger;
	assert_int_equal(staff_change(&old, &new, why, sizeof(why)), 0);
	assert_string_equal(staff(), "mx0- queued0 resolverd0 out0 mx1+ ");
}

static void
test_too_many(void **state)
{
	struct conf	 old = basic(16, 16), new = basic(16, 16);
	char		 why[256];

	(void)state;
	employ(&old);
	while (master.n_children < PROCESSES_MAX - 4)
		staff_add(ROLE_KEYD_AUTH);
	new.n_routes = 2;
	assert_int_equal(staff_change(&old, &new, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "more than 64 processes"));
	staff_undo();
	for (unsigned i = 0; i < 16; i++)
		assert_false(staff_find(ROLE_DELIVERD_OUT, (uint16_t)i)->leaves);
	assert_null(staff_find(ROLE_DELIVERD_OUT, 16));
}

static int
let_clock_go(void **state)
{
	(void)state;
	clock_let_go();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_every_event_in_every_state),
		cmocka_unit_test(test_launch_that_fails),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_endless_start),
		cmocka_unit_test(test_endless_retirement),
		cmocka_unit_test(test_stop_while_waiting),
		cmocka_unit_test(test_who_stays),
		cmocka_unit_test(test_who_comes_and_goes),
		cmocka_unit_test(test_who_has_another_limit),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_backoff_rare_deaths),
	};

	return cmocka_run_group_tests(tests, NULL, let_clock_go);
}
