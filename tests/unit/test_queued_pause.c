/*
 * Pauses: what they stop, what they keep on the disk, and how they end.
 */
#include "queue_fakes.h"

#include <errno.h>
#include <fcntl.h>

#include "disk.h"
#include "dispatch.h"
#include "durable.h"
#include "intake.h"
#include "outcome.h"
#include "pause.h"
#include "pause_file.h"
#include "reply.h"
#include "router.h"
#include "schedule.h"
#include "work.h"

static struct disk	 faulty;
static bool		 no_sync;
static int		 result;

/* No power is cut here, so nothing is really synced. */
static int
maybe_sync(int fd)
{
	(void)fd;
	errno = EIO;
	return no_sync ? -1 : 0;
}

static int
set_up_all(void **state)
{
	static struct route_conf	 via = { .pattern = STR(".via.test"),
	    .via_host = STR("192.0.2.1"), .via_port = 25, .concurrency = 1,
	    .retry_min_s = 300, .retry_max_s = 3600, .expire_s = 86400 };

	(void)state;
	fakes_set_up();
	fake_conf.routes = &via;
	fake_conf.n_routes = 1;
	faulty = disk_real;
	faulty.sync = maybe_sync;
	disk = &faulty;
	fake_enter_spool();
	dispatch_init();
	fake_use_router();
	pause_start();
	return 0;
}

static void
on_done(void *arg, enum pause_result r)
{
	(void)arg;
	result = (int)r;
}

static int
change(bool resume, enum pause_what what, const char *name, uint64_t until)
{
	struct pause	 m = { resume, { what, str_of(name), 0, until,
	    STR("a reason") } };

	result = -1;
	pause_change(&m, on_done, NULL);
	while (result == -1)
		event_base_loop(fake_base, EVLOOP_ONCE);
	return result;
}

/* What a start would find. */
static size_t
kept(void)
{
	struct arena	 a = ARENA_INIT(PAUSE_MEMORY);
	struct pause_row *rows;
	size_t		 n;

	work_wait();
	assert_int_equal(pause_file_read(&a, &rows, &n), 0);
	arena_clear(&a);
	return n;
}

static struct part *
add_mail(const char *first, const char *second)
{
	static uint8_t		 number;
	struct recipient	 to[2] = { { .address = str_of(first) },
	    { .address = str_of(second) } };
	struct envelope		 e = { .arrived = (uint64_t)fake_wall,
	    .sender = STR("s@x.test"), .rcpts = to,
	    .n_rcpts = second != NULL ? 2 : 1 };
	struct mail		*m;

	e.id.b[0] = ++number;
	intake_store(&e, STR_NONE, STR_NONE, 0, 0,
	    (intake_done)(void (*)(void))on_done, NULL);
	assert_non_null(m = mail_find(&e.id));
	return m->parts;
}

static const struct envelope *
envelope_of(const struct part *p)
{
	return &fake_mail_find(&p->mail->id)->envelope;
}

static bool
is_paused(const char *address)
{
	struct route	*r;
	bool		 is;

	assert_int_equal(router_route(str_of(address), &r), ROUTE_FOUND);
	is = pause_of_route(r) != NULL;
	route_drop(r);
	return is;
}

static void
test_routes(void **state)
{
	(void)state;
	assert_false(is_paused("a@d1.test"));
	assert_int_equal(change(false, PAUSE_ROUTE, "D1.test", 0),
	    PAUSE_DONE);
	assert_true(is_paused("a@d1.test"));
	assert_false(is_paused("a@d2.test"));
	assert_int_equal(kept(), 1);
	assert_int_equal(change(false, PAUSE_ALL, "", 0), PAUSE_DONE);
	assert_true(is_paused("a@d2.test"));
	assert_int_equal(kept(), 2);
	assert_int_equal(change(true, PAUSE_ROUTE, "d2.test", 0),
	    PAUSE_NONE);
	assert_int_equal(change(true, PAUSE_ALL, "", 0), PAUSE_DONE);
	assert_int_equal(change(true, PAUSE_ROUTE, "d1.test", 0),
	    PAUSE_DONE);
	assert_false(is_paused("a@d1.test"));
	assert_int_equal(kept(), 0);
}

/* One that has its own route is paused as that, another part by part. */
static void
test_domains(void **state)
{
	struct part	*p = add_mail("a@d1.via.test", "b@d2.via.test");

	(void)state;
	assert_int_equal(change(false, PAUSE_DOMAIN, "d2.via.test", 0),
	    PAUSE_DONE);
	assert_int_equal(change(false, PAUSE_DOMAIN, "d3.test", 0),
	    PAUSE_DONE);
	assert_true(is_paused("a@d3.test"));
	assert_false(is_paused("b@d2.via.test"));
	assert_int_equal(p->n, 2);
	schedule_take(p);
	assert_false(pause_takes(p, envelope_of(p)));
	assert_int_equal(p->n, 1);		/* goes alone */
	assert_int_equal(p->rcpts[0], 0);
	schedule_return(p);

	p = add_mail("c@d2.via.test", NULL);
	schedule_take(p);
	assert_true(pause_takes(p, envelope_of(p)));
	assert_int_equal(p->state, PART_DEFERRED);
	assert_int_equal(p->tries, 0);
	assert_true(str_equal(reply_text(p->reply),
	    str_of("paused: a reason")));
	assert_int_equal(schedule_deferred(), 2);
	assert_int_equal(change(true, PAUSE_DOMAIN, "d2.via.test", 0),
	    PAUSE_DONE);
	fake_run();
	assert_int_equal(schedule_deferred(), 0);
	assert_int_equal(p->state, PART_READY);
	assert_int_equal(change(true, PAUSE_DOMAIN, "d3.test", 0),
	    PAUSE_DONE);
}

static void
test_not_kept(void **state)
{
	(void)state;
	no_sync = true;
	assert_int_equal(change(false, PAUSE_ALL, "", 0), PAUSE_NOT_KEPT);
	no_sync = false;
	assert_true(is_paused("a@d1.test"));
	assert_int_equal(kept(), 0);
	assert_int_equal(change(true, PAUSE_ALL, "", 0), PAUSE_DONE);
}

/* A power cut within a rename: the temporary name leads to it as well. */
static void
test_two_names(void **state)
{
	(void)state;
	assert_int_equal(change(false, PAUSE_ALL, "", 0), PAUSE_DONE);
	assert_int_equal(link("pauses", "replace.new"), 0);
	no_sync = true;
	assert_int_equal(change(true, PAUSE_ALL, "", 0), PAUSE_NOT_KEPT);
	no_sync = false;
	assert_int_equal(kept(), 1);		/* as it was */
	assert_int_equal(change(false, PAUSE_ALL, "", 0), PAUSE_DONE);
	assert_int_equal(change(true, PAUSE_ALL, "", 0), PAUSE_DONE);
	assert_int_equal(kept(), 0);
}

static void
test_full(void **state)
{
	char	 name[16];

	(void)state;
	for (unsigned i = 0; i < PAUSES_MAX; i++) {
		snprintf(name, sizeof(name), "d%u.test", i);
		assert_int_equal(change(false, PAUSE_ROUTE, name, 0),
		    PAUSE_DONE);
	}
	assert_int_equal(change(false, PAUSE_ALL, "", 0), PAUSE_FULL);
	assert_int_equal(change(false, PAUSE_ROUTE, "d1.test", 0),
	    PAUSE_DONE);				/* once more */
	assert_int_equal(kept(), PAUSES_MAX);
	for (unsigned i = 0; i < PAUSES_MAX; i++) {
		snprintf(name, sizeof(name), "d%u.test", i);
		assert_int_equal(change(true, PAUSE_ROUTE, name, 0),
		    PAUSE_DONE);
	}
}

/* Every octet of the file counts. */
static void
test_damage(void **state)
{
	struct arena	 a = ARENA_INIT(PAUSE_MEMORY);
	struct pause_row *rows;
	uint8_t		 octet;
	size_t		 n, size;
	int		 fd;

	(void)state;
	assert_int_equal(change(false, PAUSE_ALL, "", 0), PAUSE_DONE);
	assert_int_equal(kept(), 1);
	fd = open("pauses", O_RDWR);
	size = (size_t)lseek(fd, 0, SEEK_END);
	for (off_t i = 0; i < (off_t)size; i++) {
		assert_int_equal(pread(fd, &octet, 1, i), 1);
		octet ^= 1;
		assert_int_equal(pwrite(fd, &octet, 1, i), 1);
		assert_int_equal(pause_file_read(&a, &rows, &n), -1);
		octet ^= 1;
		assert_int_equal(pwrite(fd, &octet, 1, i), 1);
	}
	assert_int_equal(kept(), 1);
	for (off_t i = (off_t)size - 1; i >= 0; i--) {
		assert_int_equal(ftruncate(fd, i), 0);
		assert_int_equal(pause_file_read(&a, &rows, &n), -1);
	}
	close(fd);
	arena_clear(&a);
	assert_int_equal(change(true, PAUSE_ALL, "", 0), PAUSE_DONE);
}

/* Its time is over: it ends by itself, and stays so. */
static void
test_until(void **state)
{
	const struct pause_row	*rows;

	(void)state;
	assert_int_equal(change(false, PAUSE_ALL, "",
	    (uint64_t)fake_wall - 1), PAUSE_DONE);
	while (pause_list(&rows) != 0)
		event_base_loop(fake_base, EVLOOP_ONCE);
	assert_false(is_paused("a@d1.test"));
	assert_int_equal(kept(), 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_not_kept),
		cmocka_unit_test(test_two_names),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_until),
	};

	return cmocka_run_group_tests(tests, set_up_all, fake_leave_spool);
}
