/*
 * The table of waiting mail and its order: what it costs, ids and cursors
 * through much coming and going, times, holding, and whose turn it is.
 */
#include "queue_fakes.h"

#include "mail.h"
#include "reply.h"
#include "route.h"
#include "schedule.h"

static unsigned		 attended;
static struct route	*route;

static void
on_attend(struct route *r)
{
	(void)r;
	attended++;
}

static struct route *
make_route(const char *hop)
{
	struct route_spec	 s = { .next_hop = str_of(hop),
	    .delivery = DELIVERY_NONE, .retry_min_s = 300 };

	return route_get(&s);
}

static int
set_up(void **state)
{
	(void)state;
	fakes_set_up();
	schedule_init(fake_base, on_attend);
	route = make_route("example.net");
	return 0;
}

static int
tear_down(void **state)
{
	struct mail	*m;

	(void)state;
	while ((m = mail_after(0)) != NULL) {
		for (struct part *p = m->parts; p != NULL; p = p->next)
			schedule_take(p);
		mail_free(m);
	}
	route_drop(route);
	schedule_clear();
	return 0;
}

static struct msgid
id_of(uint32_t n)
{
	struct msgid	 id = { { 0 } };

	memcpy(id.b, &n, sizeof(n));
	return id;
}

/* A message of that sender in so many parts, due then. */
static struct mail *
add_parts(uint32_t n, uint32_t due_s, uint32_t sender, unsigned parts)
{
	struct msgid	 id = id_of(n);
	struct plan	 plan = { route, due_s, 0, 0 };
	struct mail	*m = mail_new(&id, FAKE_WALL, 1000, 0);

	assert_non_null(m);
	for (; parts != 0; parts--, plan.index++)
		assert_int_equal(mail_plan(m, &plan, 1, 1, sender), 0);
	schedule_mail(m);
	return m;
}

/* A message of one recipient, due then; all are of one sender. */
static struct mail *
add_mail(uint32_t n, uint32_t due_s)
{
	return add_parts(n, due_s, 1, 1);
}

static void
drop_mail(struct mail *m)
{
	for (struct part *p = m->parts; p != NULL; p = p->next)
		schedule_take(p);
	mail_free(m);
}

/* The promise of DESIGN.md section 4. */
static void
test_cost(void **state)
{
	(void)state;
	assert_true(mail_cost() <= MAIL_COST_MAX);
}

static void
test_ids_and_cursor(void **state)
{
	enum { N = 20000 };
	struct msgid	 id;
	struct mail	*m;
	uint64_t	 cursor = 0;
	uint32_t	 n = 0;

	(void)state;
	for (uint32_t i = 1; i <= N; i++)
		add_mail(i, 0);
	for (uint32_t i = 1; i <= N; i++) {	/* all but every seventh go */
		id = id_of(i);
		m = mail_find(&id);
		assert_non_null(m);
		assert_int_equal(m->seq - mail_last_seq() + N, i);
		if (i % 7 != 0)
			drop_mail(m);
	}
	for (; (m = mail_after(cursor)) != NULL; cursor = m->seq) {
		n += 7;
		id = id_of(n);
		assert_memory_equal(&m->id, &id, sizeof(id));
	}
	assert_int_equal(n, N / 7 * 7);
	assert_int_equal(mail_totals().messages, N / 7);
	assert_int_equal(mail_totals().recipients, N / 7);
	id = id_of(1);
	assert_null(mail_find(&id));
}

/* What comes out of the heap, in the order of the queue, rises in time. */
static void
test_due_in_order(void **state)
{
	uint32_t	 due[501], now = schedule_now(), random = 1, n = 0;
	uint32_t	 before = 0, number;
	struct part	*p;

	(void)state;
	for (uint32_t i = 1; i <= 500; i++) {
		random = random * 1103515245 + 12345;
		due[i] = now + 1 + (random >> 16) % 100;
		add_mail(i, due[i]);
	}
	for (uint32_t i = 3; i <= 500; i += 3) {	/* from the middle */
		struct msgid	 id = id_of(i);

		drop_mail(mail_find(&id));
	}
	assert_int_equal(schedule_deferred(), 334);
	assert_null(schedule_pop(route));
	fake_time(101 * 1000);
	add_mail(501, schedule_now() + 1);	/* arms the timer anew */
	schedule_due();
	while ((p = schedule_pop(route)) != NULL) {
		memcpy(&number, p->mail->id.b, sizeof(number));
		assert_true(due[number] >= before);
		before = due[number];
		n++;
	}
	assert_int_equal(n, 334);
	assert_int_equal(schedule_deferred(), 1);
}

/* The timer makes them ready, a bounded number at a time. */
static void
test_timer(void **state)
{
	(void)state;
	clock_let_go();
	schedule_clear();
	schedule_init(fake_base, on_attend);
	for (uint32_t i = 1; i <= 5000; i++)
		add_mail(i, schedule_now() + 1);
	assert_int_equal(route->n_ready, 0);
	attended = 0;
	for (int i = 0; i < 200 && route->n_ready < 5000; i++) {
		usleep(10000);
		event_base_loop(fake_base, EVLOOP_NONBLOCK);
	}
	assert_int_equal(route->n_ready, 5000);
	assert_int_equal(attended, 5000);
	fake_time(0);
}

static void
test_first_come_first_served(void **state)
{
	struct mail	*a = add_mail(1, 0), *b = add_mail(2, 0);
	struct part	*p;

	(void)state;
	p = schedule_pop(route);
	assert_ptr_equal(p, a->parts);
	assert_int_equal(p->state, PART_ACTIVE);
	schedule_return(p);		/* keeps its place */
	assert_ptr_equal(schedule_pop(route), a->parts);
	assert_ptr_equal(schedule_pop(route), b->parts);
	assert_null(schedule_pop(route));
}

/* ---- turns ------------------------------------------------------------- */

/* How many are sent before the part of that message. */
static unsigned
sent_before(const struct mail *m)
{
	struct part	*p;
	unsigned	 n;

	for (n = 0; (p = schedule_pop(route)) != NULL && p->mail != m; n++)
		continue;
	assert_non_null(p);
	return n;
}

/* One sender's 100,000 recipients delay another's letter by one turn. */
static void
test_fair_to_senders(void **state)
{
	struct mail	*letter;

	(void)state;
	for (uint32_t i = 1; i <= 1000; i++)
		add_parts(i, 0, 7, 100);
	for (int i = 0; i < 500; i++)		/* it is on its way */
		assert_non_null(schedule_pop(route));
	letter = add_parts(2000, 0, 8, 1);
	assert_in_range(sent_before(letter), 0, 1);
	for (uint32_t i = 0; i < 20; i++)	/* and with more of them */
		add_parts(3000 + i, 0, 20 + i, 5);
	letter = add_parts(2001, 0, 8, 1);
	assert_in_range(sent_before(letter), 0, 21);
}

/* And another letter of its own as well. */
static void
test_fair_to_messages(void **state)
{
	struct mail	*big = add_parts(1, 0, 7, 100), *letter;
	unsigned	 before, n = 2;

	(void)state;
	assert_ptr_equal(schedule_pop(route)->mail, big);
	letter = add_parts(2, 0, 7, 2);
	before = sent_before(letter);
	assert_in_range(before, 0, 1);
	assert_ptr_equal(schedule_pop(route)->mail, big);
	assert_int_equal(sent_before(letter), 0);
	while (schedule_pop(route) != NULL)
		n++;
	assert_int_equal(before + n, 100);
}

/* Whatever goes in comes out once; what is taken away does not. */
static void
test_turns_through_much(void **state)
{
	enum { N = 3000 };
	bool		 here[N + 1] = { false };
	uint32_t	 random = 1, number;
	unsigned	 n = 0;
	struct msgid	 id;
	struct mail	*m;
	struct part	*p;

	(void)state;
	for (uint32_t i = 1; i <= N; i++) {
		random = random * 1103515245 + 12345;
		add_parts(i, 0, (random >> 16) % 50, 1);
		here[i] = true;
		if (i % 3 == 0) {		/* held, removed, returned */
			id = id_of(i / 2);
			m = mail_find(&id);
			if (m != NULL && m->parts->state == PART_READY) {
				drop_mail(m);
				here[i / 2] = false;
			}
		} else if (i % 3 == 1)
			schedule_return(schedule_pop(route));
		schedule_pass(route);
	}
	for (uint32_t i = 1; i <= N; i++)
		n += here[i];
	assert_int_equal(route->n_ready, n);
	while ((p = schedule_pop(route)) != NULL) {
		memcpy(&number, p->mail->id.b, sizeof(number));
		assert_true(here[number]);
		here[number] = false;
		n--;
	}
	assert_int_equal(n, 0);
	assert_int_equal(route->n_ready, 0);
}

/* ---- suspects ---------------------------------------------------------- */

static void
test_suspects_go_alone(void **state)
{
	struct mail	*a = add_mail(1, 0), *b = add_mail(2, 0);
	struct mail	*c = add_mail(3, 0);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_non_null(schedule_pop(route));
	a->parts->deaths = b->parts->deaths = 1;
	schedule_return(c->parts);
	schedule_return(b->parts);
	schedule_return(a->parts);
	assert_ptr_equal(schedule_pop(route), a->parts);
	assert_ptr_equal(schedule_pop(route), c->parts);
	assert_null(schedule_pop(route));	/* b, once a has ended */
	route->suspect_out = false;
	assert_ptr_equal(schedule_pop(route), b->parts);
	route->suspect_out = false;
}

static void
test_hold_and_release(void **state)
{
	struct mail	*ready = add_mail(1, 0);
	struct mail	*later = add_mail(2, schedule_now() + 50);
	struct mail	*active = add_mail(3, 0);

	(void)state;
	schedule_take(active->parts);
	schedule_hold(ready);
	schedule_hold(later);
	schedule_hold(active);
	assert_int_equal(route->n_ready, 0);
	assert_int_equal(schedule_deferred(), 0);
	assert_int_equal(active->parts->state, PART_ACTIVE);
	schedule_part(active->parts, 0);	/* its job has ended */
	assert_int_equal(active->parts->state, PART_HELD);
	schedule_release(ready);
	schedule_release(later);
	schedule_release(active);
	assert_int_equal(route->n_ready, 3);
}

static void
test_times_across_restarts(void **state)
{
	uint32_t	 now = schedule_now();
	struct mail	*m = add_mail(1, now + 30);

	(void)state;
	assert_int_equal(schedule_at(0), now);
	assert_int_equal(schedule_at((uint64_t)fake_wall + 30), now + 30);
	assert_int_equal(schedule_utc(m->parts), (uint64_t)fake_wall + 30);
	assert_true(schedule_at(UINT64_MAX) > now);
}

/* A message of many recipients becomes parts by route, time and size. */
static void
test_plan(void **state)
{
	struct route	*other = make_route("example.com");
	struct plan	 plan[RCPTS_MAX];
	struct msgid	 id = id_of(9);
	struct mail	*m = mail_new(&id, FAKE_WALL, 1, 0);
	size_t		 n = 0, parts = 0;
	bool		 seen[RCPTS_MAX] = { false };

	(void)state;
	for (uint16_t i = 0; i < RCPTS_MAX; i++)
		plan[i] = (struct plan){ i % 4 == 0 ? other : route,
		    i % 8 == 1 ? 5000 : 0, 0, i };
	assert_int_equal(mail_plan(m, plan, RCPTS_MAX, 1, 1), 0);
	for (struct part *p = m->parts; p != NULL; p = p->next, parts++) {
		assert_in_range(p->n, 1, JOB_RCPTS_MAX);
		for (size_t i = 0; i < p->n; i++, n++) {
			assert_false(seen[p->rcpts[i]]);
			seen[p->rcpts[i]] = true;
			assert_ptr_equal(p->route, p->rcpts[i] % 4 == 0 ?
			    other : route);
		}
	}
	assert_int_equal(n, RCPTS_MAX);
	assert_int_equal(parts, 3 + 2 + 7);	/* 250, 125 and 625 of them */
	assert_int_equal(mail_waiting(m), RCPTS_MAX);
	mail_free(m);
	route_drop(other);
	assert_int_equal(mail_totals().recipients, 0);
}

static void
test_routes_are_there_once(void **state)
{
	struct route	*a = make_route("example.com");
	struct route	*b = make_route("example.com");
	uint32_t	 number = a->number;

	(void)state;
	assert_ptr_equal(a, b);
	assert_ptr_equal(route_find(number), a);
	route_drop(a);
	assert_ptr_equal(route_find(number), b);
	b->window = 2;		/* a worker still knows it */
	route_drop(b);
	assert_non_null(route_find(number));
	b->window = 0;
	route_settle(b);
	assert_null(route_find(number));
	assert_true(route_was(number));
	assert_false(route_was(number + 1000));
}

static void
test_replies_are_kept_once(void **state)
{
	uint16_t	 a, b;
	char		 text[16];
	unsigned	 n = 0;

	(void)state;
	a = reply_hold(str_of("try later"));
	b = reply_hold(str_of("try later"));
	assert_int_equal(a, b);
	assert_true(str_equal(reply_text(a), str_of("try later")));
	for (int i = 0; i < 2 * REPLIES_MAX; i++) {	/* full: not kept */
		snprintf(text, sizeof(text), "%d", i);
		n += reply_hold(str_of(text)) != REPLY_NONE;
	}
	assert_int_equal(n, REPLIES_MAX - 2);
	for (int i = 0; i < REPLIES_MAX - 2; i++) {
		snprintf(text, sizeof(text), "%d", i);
		b = reply_hold(str_of(text));
		reply_drop(b);
		reply_drop(b);
	}
	reply_drop(a);
	reply_drop(a);
	assert_true(reply_hold(str_of("new")) != REPLY_NONE);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_cost),
		TEST(test_ids_and_cursor),
		TEST(test_due_in_order),
		TEST(test_timer),
		TEST(test_first_come_first_served),
		TEST(test_fair_to_senders),
		TEST(test_fair_to_messages),
		TEST(test_turns_through_much),
		TEST(test_suspects_go_alone),
		TEST(test_hold_and_release),
		TEST(test_times_across_restarts),
		TEST(test_plan),
		TEST(test_routes_are_there_once),
		TEST(test_replies_are_kept_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
