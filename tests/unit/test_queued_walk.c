/*
 * posternctl's view: filters, pages, the search for one message, and changes,
 * over a queue that comes and goes meanwhile.
 */
#include "queue_fakes.h"

#include "dispatch.h"
#include "intake.h"
#include "mail.h"
#include "outcome.h"
#include "reply.h"
#include "router.h"
#include "schedule.h"
#include "walk.h"

#define N_MAILS	100

static struct peer	 ctl = { .role = ROLE_CTL };
static unsigned		 n_ended;
static struct msgid	 ids[N_MAILS];

static void
on_ended(struct walk *w)
{
	assert_ptr_equal(walk_peer(w), &ctl);
	n_ended++;
}

static void
on_done(void *arg, enum store_result result, const char *text)
{
	(void)arg, (void)text;
	assert_int_equal(result, STORE_OK);
}

/* Message i: from s<i % 4>, to u<i>@d<i % 10>.test, of i * 10 octets. */
static void
add_mail(unsigned i)
{
	static const char	 body[N_MAILS * 10];
	char			 sender[32], rcpt[32];
	struct recipient	 to = { .notify = 0 };
	struct envelope		 e = { .arrived = (uint64_t)fake_wall,
	    .rcpts = &to, .n_rcpts = 1 };

	snprintf(sender, sizeof(sender), "s%u@x.test", i % 4);
	snprintf(rcpt, sizeof(rcpt), "u%u@d%u.test", i, i % 10);
	to.address = str_of(rcpt);
	e.sender = i % 4 == 0 ? STR_NONE : str_of(sender);
	e.id.b[0] = (uint8_t)(i * 2);
	ids[i] = e.id;
	intake_store(&e, STR_NONE, str_bytes(body, i * 10), 0, 0, on_done,
	    NULL);
}

static int
set_up(void **state)
{
	struct router	*r;
	char		 why[TEXT_MAX];

	(void)state;
	fakes_set_up();
	if (router_epoch() == 0)
		dispatch_init();
	r = router_new(&fake_conf, why, sizeof(why));
	assert_non_null(r);
	router_use(r);
	for (unsigned i = 0; i < N_MAILS; i++) {
		add_mail(i);
		fake_time(1000);
	}
	n_ended = 0;
	return 0;
}

static int
tear_down(void **state)
{
	struct mail	*m;

	(void)state;
	fake_run();
	fake_sync(true);
	while ((m = mail_after(0)) != NULL) {
		schedule_release(m);
		outcome_remove(m->parts, NULL, NULL);
		fake_sync(true);
	}
	for (size_t i = 0; i < fake_n_mails; i++)
		arena_clear(&fake_mails[i].arena);
	fake_n_mails = fake_n_records = fake_n_durable = fake_n_sent = 0;
	memset(fake_marks, 0, sizeof(fake_marks));
	return 0;
}

static struct fake_sent
list(const struct queue_filter *f, uint64_t cursor)
{
	struct queue_list	 m = { cursor, *f };
	struct fake_sent	 s = { .type = MSG_N };

	walk_list(&ctl, 7, &m, on_ended);
	fake_run();
	assert_true(fake_take(MSG_QUEUE_ROWS, &s));
	assert_int_equal(s.id, 7);
	return s;
}

static struct fake_sent
change(enum queue_action action, const struct queue_filter *f, bool dry_run)
{
	struct queue_change	 m = { .action = action,
	    .dry_run = dry_run, .filter = *f };
	struct fake_sent	 s = { .type = MSG_N };

	walk_change(&ctl, 8, &m, on_ended);
	fake_run();
	if (fake_n_durable < fake_n_records)	/* not before it is durable */
		assert_false(fake_take(MSG_QUEUE_CHANGED, &s));
	fake_sync(true);
	fake_run();
	assert_true(fake_take(MSG_QUEUE_CHANGED, &s));
	return s;
}

static void
test_pages(void **state)
{
	static const struct queue_filter	 all;
	struct fake_sent			 s = list(&all, 0);

	(void)state;
	assert_int_equal(s.n_rows, QUEUE_ROWS_MAX);
	assert_true(s.more);
	assert_memory_equal(s.rows, ids, sizeof(s.rows));
	assert_string_equal(s.text, " u0@d0.test d0.test 2 ");
	/* what goes between two pages moves nothing */
	for (unsigned i = 0; i < 10; i++) {
		outcome_remove(mail_find(&ids[i])->parts, NULL, NULL);
		fake_sync(true);
	}
	s = list(&all, s.cursor);
	assert_int_equal(s.n_rows, N_MAILS - QUEUE_ROWS_MAX);
	assert_false(s.more);
	assert_memory_equal(s.rows, ids + QUEUE_ROWS_MAX,
	    s.n_rows * sizeof(ids[0]));
	assert_int_equal(n_ended, 2);
}

static void
test_filters(void **state)
{
	static const struct {
		struct queue_filter	 filter;
		size_t			 want;
	} cases[] = {
		{ { .rcpt = STR("U42@D2.test") }, 1 },
		{ { .rcpt = STR("u42") }, 0 },
		{ { .domain = STR("d3.TEST") }, 10 },
		{ { .domain = STR("3.test") }, 0 },
		{ { .route = STR("d3.test") }, 10 },
		{ { .sender = STR("s1@x.test") }, 25 },
		{ { .sender = STR("<>") }, 25 },
		{ { .sender = STR("s1@x.test"), .domain = STR("d3.test") },
		    5 },
		{ { .sender = STR("s1@x.test"), .domain = STR("d2.test") },
		    0 },
		{ { .larger = 900 }, 9 },
		{ { .smaller = 100 }, 10 },
		{ { .older_s = 90 }, 10 },
		{ { .younger_s = 5 }, 4 },
		{ { .states = STATE_WAITING, .larger = 900 }, 9 },
		{ { .states = STATE_DEFERRED | STATE_HELD }, 1 },
		{ { .reply = STR("LATER") }, 1 },
		{ { .reply = STR("never") }, 0 },
		{ { .id = STR("0") }, 4 },	/* its upper five bits */
		{ { .id = STR("zzzz") }, 0 },
	};
	struct part	*p = mail_find(&ids[0])->parts;

	(void)state;
	schedule_take(p);
	p->reply = reply_hold(str_of("451 try later, please"));
	schedule_part(p, schedule_now() + 100);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fake_sent	 s = list(&cases[i].filter, 0);

		if (s.n_rows != cases[i].want)
			fail_msg("case %zu: %zu", i, s.n_rows);
	}
}

static void
test_show(void **state)
{
	static const struct {
		const char		*prefix;
		enum show_result	 want;
	} cases[] = {
		{ "", SHOW_AMBIGUOUS },
		{ "0", SHOW_AMBIGUOUS },
		{ "zz", SHOW_NONE },
	};
	struct mail_show	 m;
	struct fake_sent	 s = { .type = MSG_N };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		m.id = str_of(cases[i].prefix);
		walk_show(&ctl, 9, &m, on_ended);
		fake_run();
		assert_true(fake_take(MSG_MAIL_SHOWN, &s));
		assert_int_equal(s.show, cases[i].want);
	}
	m.id = str_of(msgid_text(&ids[33]));
	walk_show(&ctl, 9, &m, on_ended);
	fake_run();
	assert_true(fake_take(MSG_MAIL_SHOWN, &s));
	assert_int_equal(s.show, SHOW_OK);
	assert_string_equal(s.text, "s1@x.test u33@d3.test d3.test 2 ");
}

static struct fake_sent
count(enum queue_column column, const struct queue_filter *f)
{
	struct queue_count	 m = { column, *f };
	struct fake_sent	 s = { .type = MSG_N };

	walk_count(&ctl, 7, &m, on_ended);
	fake_run();
	assert_true(fake_take(MSG_QUEUE_COUNTED, &s));
	assert_int_equal(s.id, 7);
	return s;
}

static void
test_count(void **state)
{
	static const struct queue_filter	 all;
	static const struct queue_filter	 some = {
		.sender = STR("s1@x.test"), .domain = STR("d3.test") };
	struct fake_sent			 s;

	(void)state;
	s = count(COLUMN_DOMAIN, &all);
	assert_int_equal(s.n_rows, 10);
	s = count(COLUMN_ROUTE, &all);
	assert_int_equal(s.n_rows, 10);
	s = count(COLUMN_SENDER, &all);
	assert_int_equal(s.n_rows, 4);
	assert_non_null(strstr(s.text, "s3@x.test 25/25;"));
	assert_non_null(strstr(s.text, " 25/25;"));
	s = count(COLUMN_STATE, &all);
	assert_string_equal(s.text, "waiting 100/100;");
	s = count(COLUMN_REPLY, &all);
	assert_string_equal(s.text, " 100/100;");
	s = count(COLUMN_DOMAIN, &some);
	assert_string_equal(s.text, "d3.test 5/5;");
}

/* What goes to its own domain's hosts is counted without its envelope. */
static void
test_count_reads_no_envelope(void **state)
{
	static const struct queue_count	 m = { .column = COLUMN_DOMAIN };
	struct fake_sent		 s;

	(void)state;
	fake_slow = true;
	walk_count(&ctl, 7, &m, on_ended);
	fake_run();
	fake_slow = false;
	assert_int_equal(fake_n_loads, 0);
	assert_true(fake_take(MSG_QUEUE_COUNTED, &s));
	assert_int_equal(s.n_rows, 10);
}

static void
test_read(void **state)
{
	struct mail_show	 m = { str_of(msgid_text(&ids[33])) };
	struct fake_sent	 s = { .type = MSG_N };

	(void)state;
	walk_read(&ctl, 9, &m, on_ended);
	fake_run();
	assert_true(fake_take(MSG_MAIL_CONTENT, &s));
	assert_int_equal(s.show, SHOW_OK);
	assert_int_equal(s.n_rows, 330);		/* octets */
	m.id = str_of("zz");
	walk_read(&ctl, 9, &m, on_ended);
	fake_run();
	assert_true(fake_take(MSG_MAIL_CONTENT, &s));
	assert_int_equal(s.show, SHOW_NONE);
}

static void
test_hold_release(void **state)
{
	static const struct queue_filter	 some = {
		.domain = STR("d3.test") };
	struct fake_sent			 s;

	(void)state;
	s = change(QUEUE_HOLD, &some, true);
	assert_int_equal(s.changed.messages, 10);
	assert_int_equal(fake_marks[MARK_HOLD], 0);
	s = change(QUEUE_HOLD, &some, false);
	s = change(QUEUE_HOLD, &some, false);	/* is already */
	assert_int_equal(fake_marks[MARK_HOLD], 10);
	assert_int_equal(mail_find(&ids[13])->parts->state, PART_HELD);
	s = change(QUEUE_RELEASE, &some, false);
	assert_int_equal(fake_marks[MARK_RELEASE], 10);
	assert_int_equal(mail_find(&ids[13])->parts->state, PART_READY);
}

static void
test_remove(void **state)
{
	static const struct queue_filter	 all;
	static const struct queue_filter	 some = {
		.sender = STR("<>") };
	struct fake_sent			 s;

	(void)state;
	s = change(QUEUE_REMOVE, &some, false);
	assert_int_equal(s.changed.recipients, 25);
	fake_sync(true);
	assert_int_equal(mail_totals().messages, 75);
	assert_int_equal(fake_n_records, 25);
	assert_true(fake_records[24].gone);
	assert_int_equal(fake_n_mails, N_MAILS);	/* and no reports */
	s = change(QUEUE_REMOVE, &all, false);
	fake_sync(true);
	assert_int_equal(mail_totals().messages, 0);
}

static void
test_retry(void **state)
{
	static const struct queue_filter	 one = {
		.rcpt = STR("u5@d5.test") };
	struct part				*p;

	(void)state;
	p = mail_find(&ids[5])->parts;
	schedule_take(p);
	schedule_part(p, schedule_now() + 1000);
	assert_int_equal(p->state, PART_DEFERRED);
	change(QUEUE_RETRY, &one, false);
	assert_int_equal(p->state, PART_READY);
}

/* posternctl goes while the disk is being read, or before it is. */
static void
test_cancelled(void **state)
{
	static const struct queue_list	 m;
	struct walk			*w;

	(void)state;
	w = walk_list(&ctl, 7, &m, on_ended);
	walk_cancel(w);
	fake_slow = true;
	w = walk_list(&ctl, 7, &m, on_ended);
	fake_run();
	assert_int_equal(fake_n_loads, 1);
	walk_cancel(w);
	fake_load();
	fake_slow = false;
	assert_int_equal(fake_n_sent, 0);
	assert_int_equal(n_ended, 0);
}

/* The message goes while its envelope is being read. */
static void
test_gone_meanwhile(void **state)
{
	static const struct queue_list	 m;
	struct fake_sent		 s = { .type = MSG_N };

	(void)state;
	fake_slow = true;
	walk_list(&ctl, 7, &m, on_ended);
	fake_run();
	fake_slow = false;
	outcome_remove(mail_find(&ids[0])->parts, NULL, NULL);
	fake_sync(true);
	fake_load();
	fake_run();
	assert_true(fake_take(MSG_QUEUE_ROWS, &s));
	assert_memory_equal(&s.rows[0], &ids[1], sizeof(ids[1]));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_pages),
		TEST(test_filters),
		TEST(test_show),
		TEST(test_count),
		TEST(test_count_reads_no_envelope),
		TEST(test_read),
		TEST(test_hold_release),
		TEST(test_remove),
		TEST(test_retry),
		TEST(test_cancelled),
		TEST(test_gone_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
