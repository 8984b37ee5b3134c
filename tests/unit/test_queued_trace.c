/*
 * The trace on a real directory: what is written is found again, by a
 * prefix, in pages; age and size end it; errors and haste lose events, and
 * count them.
 */
#include "queue_fakes.h"

#include <sys/stat.h>
#include <sys/statfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "disk.h"
#include "durable.h"
#include "trace.h"
#include "trace_file.h"
#include "trace_find.h"
#include "work.h"

static struct peer	 ctl = { .role = ROLE_CTL };
static struct disk	 faulty;
static bool		 no_write, no_room, no_unlink;
static bool		 ended;

static ssize_t
maybe_write(int fd, const void *p, size_t n, off_t at)
{
	if (!no_write)
		return disk_real.write(fd, p, n, at);
	errno = EIO;
	return -1;
}

static int
maybe_unlink(int dir, const char *name, int flags)
{
	if (!no_unlink)
		return disk_real.unlink(dir, name, flags);
	errno = EROFS;
	return -1;
}

static int
maybe_room(int fd, struct statfs *fs)
{
	(void)fd;
	*fs = (struct statfs){ .f_bsize = 4096,
	    .f_bavail = no_room ? 1 : 1 << 20 };
	return 0;
}

static int
set_up_all(void **state)
{
	(void)state;
	fakes_set_up();
	faulty = disk_real;
	faulty.write = maybe_write;
	faulty.statfs = maybe_room;
	faulty.unlink = maybe_unlink;
	disk = &faulty;
	fake_enter_spool();
	fake_conf.trace_keep_s = 7200;
	fake_conf.trace_max = 1 << 20;
	fake_conf.spool_reserve = 1 << 20;
	trace_use(&fake_conf);
	return 0;
}

static void
on_ended(void *arg)
{
	(void)arg;
	ended = true;
}

static struct fake_sent
ask(const char *prefix, uint32_t skip)
{
	struct trace_ask	 m = { str_of(prefix), skip };
	struct fake_sent	 s = { .type = MSG_N };

	ended = false;
	if (trace_find(&ctl, 3, &m, on_ended, NULL) != NULL)
		while (!ended)
			event_base_loop(fake_base, EVLOOP_ONCE);
	assert_true(fake_take(MSG_TRACE, &s));
	assert_int_equal(s.id, 3);
	return s;
}

static struct msgid
new_id(uint8_t first)
{
	struct msgid	 id;

	msgid_new(&id);
	id.b[0] = first;
	id.b[1] = 0;
	return id;
}

static void
stopped(void)
{
	ended = true;
}

/* All that was said is in its file, or lost. */
static void
write_out(void)
{
	ended = false;
	trace_stop(stopped);
	while (!ended)
		event_base_loop(fake_base, EVLOOP_ONCE);
	trace_use(&fake_conf);
}

static size_t
files(void)
{
	DIR		*d = opendir("trace");
	struct dirent	*e;
	size_t		 n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += strstr(e->d_name, ".events") != NULL;
	closedir(d);
	return n;
}

static void
test_found_again(void **state)
{
	static const struct origin	 rule = { STR("/etc/p.conf"), 1234 };
	struct msgid	 a = new_id(1), b = new_id(2);
	struct fake_sent s;

	(void)state;
	trace_begin(TRACE_ARRIVED, &a);
	trace_text(KEY_FROM, str_of("x@example.org"));
	trace_text(KEY_HELO, STR_NONE);		/* is left out */
	trace_number(KEY_SIZE, 18446744073709551615u);
	trace_number(KEY_RECIPIENTS, 0);
	trace_rule(&rule);
	trace_rule(NULL);
	trace_end();
	trace_note(TRACE_HELD, &b);
	trace_note(TRACE_ENDED, &a);
	s = ask(msgid_text(&a), 0);
	assert_int_equal(s.show, SHOW_OK);
	assert_string_equal(s.text, "arrived from=x@example.org,"
	    "size=18446744073709551615,recipients=0,rule=/etc/p.conf:1234;"
	    "ended;");
	s = ask("08", 0);			/* the first octet is 2 */
	assert_string_equal(s.text, "held;");
	s = ask("0", 0);
	assert_int_equal(s.show, SHOW_AMBIGUOUS);
	assert_int_equal(s.n_rows, 0);
	assert_int_equal(ask("zz", 0).show, SHOW_NONE);
	assert_int_equal(ask("!", 0).show, SHOW_NONE);
	assert_int_equal(ask("000000000000000000000000000", 0).show,
	    SHOW_NONE);
}

static void
test_pages(void **state)
{
	struct msgid	 id = new_id(10);
	unsigned	 n = TRACE_EVENTS_MAX + 5;
	struct fake_sent s;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		trace_note(i < TRACE_EVENTS_MAX ? TRACE_HELD : TRACE_RELEASED,
		    &id);
	s = ask(msgid_text(&id), 0);
	assert_int_equal(s.n_rows, TRACE_EVENTS_MAX);
	assert_true(s.more);
	s = ask(msgid_text(&id), TRACE_EVENTS_MAX);
	assert_string_equal(s.text,
	    "released;released;released;released;released;");
	assert_false(s.more);
}

/* A text that is too long is cut, too many attributes are left out. */
static void
test_bounds(void **state)
{
	static char	 text[TRACE_VALUE_MAX + 100];
	struct msgid	 id = new_id(20);
	struct fake_sent s;

	(void)state;
	memset(text, 'x', sizeof(text));
	trace_begin(TRACE_ATTEMPT, &id);
	for (int i = 0; i < 2 * TRACE_ATTRS_MAX; i++)
		trace_text(KEY_REPLY, str_bytes(text, sizeof(text)));
	trace_end();
	s = ask(msgid_text(&id), 0);
	assert_int_equal(s.n_rows, 1);
}

static void
test_off(void **state)
{
	struct msgid	 id = new_id(30);
	struct conf	 off = fake_conf;

	(void)state;
	off.trace_keep_s = 0;
	trace_use(&off);
	assert_true(trace_is_off());
	trace_note(TRACE_HELD, &id);
	assert_int_equal(ask(msgid_text(&id), 0).show, SHOW_NONE);
	trace_use(&fake_conf);
}

static void
test_errors_lose_events(void **state)
{
	struct msgid	 a = new_id(40), b = new_id(41), c = new_id(42);
	uint64_t	 lost = trace_lost();

	(void)state;
	no_write = true;
	trace_note(TRACE_HELD, &a);
	trace_note(TRACE_HELD, &a);
	assert_int_equal(ask(msgid_text(&a), 0).show, SHOW_NONE);
	assert_int_equal(trace_lost(), lost + 2);
	assert_true(fake_logged("trace lost=2 error=\"Input/output error\""));
	no_write = false;
	no_room = true;
	trace_note(TRACE_HELD, &b);
	assert_int_equal(ask(msgid_text(&b), 0).show, SHOW_NONE);
	assert_int_equal(trace_lost(), lost + 3);
	no_room = false;
	trace_note(TRACE_HELD, &c);
	assert_int_equal(ask(msgid_text(&c), 0).n_rows, 1);
	assert_int_equal(trace_lost(), lost + 3);
}

/* Nothing is written while the loop does not turn: memory is bounded. */
static void
test_haste_loses_events(void **state)
{
	static char	 text[TRACE_VALUE_MAX];
	struct msgid	 id = new_id(50);
	uint64_t	 lost = trace_lost();
	unsigned	 n;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (n = 0; trace_lost() == lost && n < 100000; n++) {
		trace_begin(TRACE_ATTEMPT, &id);
		trace_text(KEY_REPLY, str_bytes(text, sizeof(text)));
		trace_end();
	}
	assert_in_range(n, 1000, 20000);
	write_out();
	assert_int_equal(trace_lost(), lost + 1);
}

static void
test_age_ends_it(void **state)
{
	struct msgid	 a = new_id(60), b = new_id(61);
	size_t		 before;

	(void)state;
	trace_note(TRACE_HELD, &a);
	write_out();
	before = files();
	fake_time((7200 + 3601) * 1000);
	trace_note(TRACE_HELD, &b);
	write_out();
	assert_true(before >= 1);
	assert_int_equal(files(), 1);
	assert_int_equal(ask(msgid_text(&a), 0).show, SHOW_NONE);
	assert_int_equal(ask(msgid_text(&b), 0).n_rows, 1);
}

/* Also where nothing more happens. */
static void
test_age_ends_it_in_silence(void **state)
{
	struct msgid	 a = new_id(62), b = new_id(63);

	(void)state;
	trace_note(TRACE_HELD, &a);
	write_out();
	trace_hour();
	work_wait();
	assert_int_equal(ask(msgid_text(&a), 0).n_rows, 1);
	fake_time((7200 + 3601) * 1000);
	trace_hour();
	work_wait();
	assert_int_equal(files(), 0);
	trace_note(TRACE_HELD, &b);
	assert_int_equal(ask(msgid_text(&b), 0).n_rows, 1);
}

/* What cannot be removed is no reason to try for ever. */
static void
test_not_removed(void **state)
{
	struct msgid	 a = new_id(64), b = new_id(65);
	size_t		 before;

	(void)state;
	trace_note(TRACE_HELD, &a);
	write_out();
	before = files();
	fake_time((7200 + 3601) * 1000);
	no_unlink = true;
	alarm(120);		/* where it is tried for ever */
	trace_note(TRACE_HELD, &b);
	write_out();
	alarm(0);
	no_unlink = false;
	assert_int_equal(files(), before + 1);
	assert_int_equal(ask(msgid_text(&b), 0).n_rows, 1);
}

/* Many files in a second, and a clock put back: the order stays. */
static void
test_order(void **state)
{
	static char	 text[TRACE_VALUE_MAX];
	struct msgid	 id = new_id(70), other = new_id(71);
	struct fake_sent s;

	(void)state;
	memset(text, 'x', sizeof(text));
	trace_note(TRACE_ARRIVED, &id);
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 130; k++) {		/* an eighth */
			trace_begin(TRACE_ATTEMPT, &other);
			trace_text(KEY_REPLY, str_bytes(text, sizeof(text)));
			trace_end();
		}
		write_out();
		if (i == 1)
			clock_hold(fake_ms, fake_wall - 5000);
		trace_note(i == 0 ? TRACE_HELD : i == 1 ? TRACE_RELEASED :
		    TRACE_ENDED, &id);
	}
	s = ask(msgid_text(&id), 0);
	assert_string_equal(s.text, "arrived;held;released;ended;");
	fake_time(0);
}

/* Who asked goes before the answer, or before it is looked for. */
static void
test_cancelled(void **state)
{
	struct trace_ask	 m = { STR("0"), 0 };
	struct trace_find	*f[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		f[i] = trace_find(&ctl, 3, &m, on_ended, NULL);
	for (int i = 0; i < 3; i++)
		trace_find_cancel(f[i]);
	work_wait();
	assert_int_equal(fake_n_sent, 0);
	assert_int_equal(ask("zz", 0).show, SHOW_NONE);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_found_again),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_errors_lose_events),
		cmocka_unit_test(test_haste_loses_events),
		cmocka_unit_test(test_age_ends_it),
		cmocka_unit_test(test_age_ends_it_in_silence),
		cmocka_unit_test(test_not_removed),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests(tests, set_up_all, fake_leave_spool);
}
