/*
 * The spool from outside: what was stored is found and read again after an
 * orderly stop; what has ended is not.
 */
#include "spool_driver.h"

#include <sys/stat.h>
#include <sys/uio.h>

#include "clock.h"
#include "disk.h"

/* --- one life after another --- */

static bool	 no_new;	/* files can be made */

static int
open_no_new(int dir, const char *name, int flags, mode_t mode)
{
	errno = ENOSPC;
	return no_new && (flags & O_CREAT) != 0 ? -1 :
	    disk_real.open(dir, name, flags, mode);
}

static void
test_empty(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		drv_open();
		assert_int_equal(spool_accepts(), STORE_OK);
		assert_true(spool_may_deliver());
		drv_close();
	}
}

static void
test_sizes(void **state)
{
	static const size_t	 sizes[] = { 0, 1, 100, 4096, 16000, 65536,
	    65537, 200000, 1048576, 1048577, 3000000 };

	(void)state;
	drv_limits.segment_size = 8 << 20;
	drv_open();
	for (unsigned k = 0; k < COUNT(sizes); k++) {
		drv_store(k, sizes[k]);
		drv_wait();
		assert_int_equal(ledger->line[k].stored, TOLD_OK);
		assert_true(drv_is_whole(k));		/* from memory */
	}
	drv_close();
	drv_open();
	for (unsigned k = 0; k < COUNT(sizes); k++) {
		assert_int_equal(ledger->line[k].found, 1);
		assert_true(drv_is_whole(k));		/* from the disk */
		assert_true(drv_is_whole(k));		/* and without wait */
		drv_end(k);
	}
	drv_wait();
	drv_close();
	drv_open();
	for (unsigned k = 0; k < COUNT(sizes); k++)
		assert_int_equal(ledger->line[k].found, 0);
	drv_close();
	assert_int_equal(rmdir("large"), 0);		/* it is empty */
}

static void
test_large_in_small_segments(void **state)
{
	(void)state;
	drv_open();
	drv_store(0, 65536);
	drv_store(1, 65537);
	drv_store(2, 10);
	drv_wait();
	drv_close();
	drv_open();
	for (unsigned k = 0; k < 3; k++) {
		assert_int_equal(ledger->line[k].found, 1);
		assert_true(drv_is_whole(k));
	}
	drv_close();
}

static void
test_states(void **state)
{
	(void)state;
	drv_open();
	for (unsigned k = 0; k < 4; k++)
		drv_store(k, 500);
	drv_wait();
	drv_defer(0, 1, "first");
	drv_defer(0, 2, "second");
	drv_mark(1, MARK_HOLD);
	drv_mark(2, MARK_HOLD);
	drv_mark(2, MARK_RELEASE);
	drv_mark(3, MARK_WARNED);
	drv_route(0, 0, 2, "first");
	drv_route(0, 1, 1, "second");
	drv_route(1, 0, 2, "first");
	drv_route(1, 0, 1, "");
	drv_route(2, 0, 2, "first");
	drv_route(2, 0, 2, "");
	drv_wait();
	drv_close();
	for (int again = 0; again < 2; again++) {
		drv_open();
		assert_int_equal(ledger->line[0].tries, 2);
		assert_string_equal(ledger->line[0].reply, "second");
		assert_false(ledger->line[0].held || ledger->line[0].warned);
		assert_true(ledger->line[1].held);
		assert_false(ledger->line[2].held);
		assert_true(ledger->line[3].warned);
		assert_int_equal(ledger->line[3].tries, 0);
		assert_string_equal(ledger->line[0].via[0], "first");
		assert_string_equal(ledger->line[0].via[1], "second");
		assert_string_equal(ledger->line[1].via[0], "");
		assert_string_equal(ledger->line[1].via[1], "first");
		assert_string_equal(ledger->line[2].via[0], "");
		assert_string_equal(ledger->line[2].via[1], "");
		drv_close();
	}
}

static void
check_envelope(void *arg, const struct envelope *e,
    const struct spool_rcpt *states)
{
	assert_non_null(e);
	assert_null(states);
	assert_int_equal(e->arrived, 1007);
	assert_int_equal(e->n_rcpts, 2);
	assert_true(str_equal(e->rcpts[1].address,
	    str_of("two@example.org")));
	drv_waiting--;
	(void)arg;
}

static void
test_envelope(void **state)
{
	struct msgid	 id = drv_id(7);

	(void)state;
	drv_open();
	drv_store(7, 60000);
	drv_wait();
	for (int again = 0; again < 2; again++) {
		drv_waiting++;
		spool_load_envelope(&id, ledger->line[7].place,
		    check_envelope, NULL);
		drv_wait();
		drv_close();
		drv_open();
	}
	drv_close();
}

static struct disk	 counting;
static unsigned		 n_reads;

static ssize_t
count_read(int fd, const struct iovec *iov, int n, off_t at, int flags)
{
	n_reads++;
	return disk_real.read_now(fd, iov, n, at, flags);
}

static void
see_arrival(void *arg, const struct envelope *e,
    const struct spool_rcpt *states)
{
	(void)states;
	assert_non_null(e);
	assert_int_equal(e->arrived, 1000 + *(unsigned *)arg);
	drv_waiting--;
}

static void
walk_envelopes(unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		struct msgid	 id = drv_id(k);

		drv_waiting++;
		spool_load_envelope(&id, ledger->line[k].place, see_arrival,
		    &k);
		drv_wait();
	}
}

/* In memory, for one, there is no reading ahead. */
static bool
can_read_now(void)
{
	char		 c;
	struct iovec	 v = { &c, 1 };
	int		 fd = open("lock", O_RDONLY);
	bool		 can;

	can = preadv2(fd, &v, 1, 0, RWF_NOWAIT) != -1 || errno != EOPNOTSUPP;
	close(fd);
	return can;
}

/* All messages are looked at with far fewer reads than there are of them. */
static void
test_envelopes_in_a_row(void **state)
{
	enum { N = 100 };

	(void)state;
	counting = disk_real;
	counting.read_now = count_read;
	drv_open();
	for (unsigned k = 0; k < N; k++)
		drv_store(k, 1000);
	drv_wait();
	drv_close();
	disk = &counting;
	drv_open();
	walk_envelopes(N);	/* opens what it reads of, too */
	n_reads = 0;
	walk_envelopes(N);
	assert_in_range(n_reads, 1, can_read_now() ? N / 4 : 2 * N);
	drv_close();
	disk = &disk_real;
}

static void
on_nothing(void *arg, const struct spool_content *c)
{
	(void)arg;
	assert_null(c);
	drv_waiting--;
}

static ino_t	 seen_file;

static void
see_file(void *arg, const struct spool_content *c)
{
	struct stat	 st;

	(void)arg;
	drv_waiting--;
	assert_non_null(c);
	assert_int_equal(fstat(c->fd, &st), 0);
	close(c->fd);
	seen_file = st.st_ino;
}

static ino_t
file_of(unsigned k)
{
	struct msgid	 id = drv_id(k);

	drv_waiting++;
	spool_load(&id, ledger->line[k].place, see_file, NULL);
	drv_wait();
	return seen_file;
}

/* The jobs of a message have one copy of its body between them. */
static void
test_bodies_are_shared(void **state)
{
	ino_t	 first;

	(void)state;
	drv_limits.segment_size = 1 << 20;
	drv_open();
	for (unsigned k = 0; k < 12; k++)
		drv_store(k, 70000);
	drv_wait();
	first = file_of(0);
	assert_int_equal(file_of(0), first);
	assert_int_not_equal(file_of(1), first);
	assert_int_equal(file_of(0), first);
	for (unsigned k = 0; k < 12; k++)
		assert_true(drv_is_whole(k));
	assert_true(drv_is_whole(0));
	drv_close();
}

static void
test_wrong_places(void **state)
{
	static const struct spool_place	 places[] = {
		{ 0, 0 }, { 1, 0 }, { 1, 4096 }, { 1, 4097 }, { 1, 65535 },
		{ 1, 65536 }, { 1, UINT32_MAX }, { 99, 4136 },
	};
	struct msgid	 id = drv_id(0);

	(void)state;
	drv_open();
	drv_store(0, 100);
	drv_wait();
	drv_close();
	drv_open();
	for (size_t i = 0; i < COUNT(places); i++) {
		drv_waiting++;
		spool_load(&id, places[i], on_nothing, NULL);
		drv_wait();
	}
	/* another message's place */
	id = drv_id(1);
	drv_waiting++;
	spool_load(&id, ledger->line[0].place, on_nothing, NULL);
	drv_wait();
	drv_close();
}

/* --- many segments --- */

#define SEGMENT		65536u

static void
turn_ms(unsigned ms)
{
	struct timeval	 tv = { 0, (suseconds_t)ms * 1000 };

	event_base_loopexit(drv_base, &tv);
	event_base_dispatch(drv_base);
}

/*
 * The log gets as short as that, when the threads behind have had the time
 * they want.  The cleaner looks when something has been written, so this is:
 * a word about a message that never was.
 */
static void
wait_short(uint64_t octets)
{
	for (unsigned i = 0; i < 2000 && segments_octets() >= octets; i++) {
		drv_mark(LEDGER_MAX - 1, MARK_RELEASE);
		drv_wait();
		turn_ms(5);
	}
	assert_true(segments_octets() < octets);
}

static void
test_rolling(void **state)
{
	(void)state;
	drv_open();
	for (unsigned k = 0; k < 600; k++) {
		drv_store(k, 3000);
		if (k % 5 == 4)
			drv_wait();
		if (k >= 50 && k != 300 + 50)
			drv_end(k - 50);
	}
	drv_wait();
	/* the cleaner has moved the one message of the middle along */
	wait_short(16 * SEGMENT);
	assert_true(ledger->line[300].moves != 0);
	drv_close();
	drv_open();
	for (unsigned k = 0; k < 600; k++) {
		bool	 lives = k >= 550 || k == 300;

		assert_int_equal(ledger->line[k].found, lives);
		assert_true(!lives || drv_is_whole(k));
	}
	drv_end(300);
	drv_wait();
	drv_close();
}

static void
roll(unsigned from, unsigned n)
{
	for (unsigned k = from; k < from + n; k++) {
		drv_store(k, 6000);
		drv_wait();
		drv_end(k);
	}
	drv_wait();
}

/* The first four have been moved so often; each mark makes the cleaner look
 * again. */
static void
wait_moved(unsigned moves)
{
	for (unsigned i = 0; i < 2000; i++) {
		if (ledger->line[0].moves >= moves &&
		    ledger->line[1].moves >= moves &&
		    ledger->line[2].moves >= moves &&
		    ledger->line[3].moves >= moves)
			return;
		drv_mark(3, MARK_RELEASE);
		drv_wait();
		turn_ms(5);
	}
	fail_msg("not moved");
}

static void
test_cleaning(void **state)
{
	(void)state;
	drv_open();
	for (unsigned k = 0; k < 4; k++)
		drv_store(k, 2000);
	drv_wait();
	drv_defer(0, 1, "first");
	drv_mark(1, MARK_HOLD);
	drv_route(1, 0, 2, "first");
	drv_route(2, 0, 2, "first");
	roll(100, 30);
	drv_defer(0, 2, "second");
	drv_mark(2, MARK_WARNED);
	drv_route(1, 1, 1, "second");
	drv_route(2, 0, 2, "");
	for (unsigned i = 1; i < 6; i++) {
		roll(100 + i * 100, 100);
		wait_short(12 * SEGMENT);
		wait_moved(i);
		drv_close();
		drv_open();
		for (unsigned k = 0; k < 4; k++) {
			assert_int_equal(ledger->line[k].found, 1);
			assert_true(drv_is_whole(k));
		}
		/* what was said between the moves is still known */
		assert_string_equal(ledger->line[0].reply, "second");
		assert_true(ledger->line[1].held);
		assert_true(ledger->line[2].warned);
		assert_string_equal(ledger->line[1].via[0], "first");
		assert_string_equal(ledger->line[1].via[1], "second");
		assert_string_equal(ledger->line[2].via[0], "");
		if (i == 3)
			drv_mark(1, MARK_RELEASE), drv_mark(1, MARK_HOLD);
	}
	for (unsigned k = 0; k < 4; k++)
		drv_end(k);
	roll(900, 20);
	drv_close();
	drv_open();
	for (unsigned k = 0; k < LEDGER_MAX; k++)
		assert_int_equal(ledger->line[k].found, 0);
	drv_close();
}

static struct stat	 bad_file;
static off_t		 bad_at;

/* one block of the file cannot be read */
static ssize_t
read_around(int fd, void *p, size_t n, off_t at)
{
	struct stat	 st;

	if (fstat(fd, &st) == 0 && st.st_ino == bad_file.st_ino &&
	    at < bad_at + SPOOL_BLOCK && at + (off_t)n > bad_at) {
		errno = EIO;
		return -1;
	}
	return disk_real.read(fd, p, n, at);
}

/* In the middle of message k, which is on the disk. */
static void
spoil(unsigned k)
{
	const struct spool_place	*p = &ledger->line[k].place;
	char				 name[64];

	snprintf(name, sizeof(name), "log/%016u.seg", p->segment);
	assert_int_equal(stat(name, &bad_file), 0);
	bad_at = (p->offset + SPOOL_BLOCK) / SPOOL_BLOCK * SPOOL_BLOCK;
}

/* A bad block where nothing lives does not keep what lives from moving. */
static void
test_cleaning_around_damage(void **state)
{
	struct disk	 bad = disk_real;
	unsigned	 k = 10;

	(void)state;
	bad.read = read_around;
	disk = &bad;
	drv_open();
	for (unsigned i = 0; i < 3; i++)
		drv_store(i, 12000);
	drv_wait();
	drv_end(1);
	drv_wait();
	spoil(1);
	for (uint64_t ms = 0; ms < 2000000 &&
	    access("damaged/0000000000000001.seg", F_OK) == -1; ms += 11000) {
		roll(k, 20);
		k += 20;
		turn_ms(20);
		clock_hold(clock_ms() + 11000, 1000000000);
	}
	clock_hold(0, 0);
	assert_int_equal(access("damaged/0000000000000001.seg", F_OK), 0);
	assert_true(ledger->line[0].moves != 0 && ledger->line[2].moves != 0);
	assert_true(drv_is_whole(0) && drv_is_whole(2));
	drv_close();
	disk = &disk_real;
}

static void
test_no_room_for_results(void **state)
{
	struct disk	 full = disk_real;

	(void)state;
	full.open = open_no_new;
	disk = &full;
	drv_try_open((char[256]){ 0 }, 256);
	no_new = true;
	/* what was made ahead by then is for results, and takes some */
	for (unsigned k = 0; k < 500 && spool_may_deliver(); k++) {
		drv_store(k, 7000);
		drv_wait_ms(1000);
		if (k != 0 && spool_may_deliver()) {
			drv_defer(0, k, "later");
			drv_wait_ms(1000);
		}
	}
	assert_non_null(segment_current());
	assert_false(spool_may_deliver());
	no_new = false;
	drv_close();
	disk = &disk_real;
}

static void
test_recycling_in_place(void **state)
{
	(void)state;
	drv_open();
	for (unsigned k = 0; k < 1000; k++) {
		drv_store(k, 5000);
		drv_wait();
		drv_end(k);
		/* far fewer than the hundred that are written */
		wait_short(13 * SEGMENT);
	}
	drv_wait();
	drv_close();
	drv_open();
	for (unsigned k = 0; k < 1000; k++)
		assert_int_equal(ledger->line[k].found, 0);
	drv_close();
}

static void
test_ended_when_found(void **state)
{
	(void)state;
	drv_open();
	drv_store(0, 100);
	drv_store(1, 100);
	drv_wait();
	drv_close();
	drv_end_when_found = true;
	drv_open();
	drv_end_when_found = false;
	assert_int_equal(ledger->line[0].found, 1);
	drv_close();
	drv_open();
	assert_int_equal(ledger->line[0].found, 0);
	assert_int_equal(ledger->line[1].found, 1);
	drv_close();
}

/* One whose end is being written is not one that the cleaner cannot read. */
static void
test_ending_while_cleaned(void **state)
{
	struct segment	*s;

	(void)state;
	drv_open();
	drv_store(0, 100);
	drv_store(1, 100);
	drv_wait();
	s = segment_find(ledger->line[0].place.segment);
	drv_end(0);
	drv_end(1);
	segment_cleaned(s);
	assert_false(s->aside);
	assert_int_equal(s->live, 2);
	drv_wait();
	assert_int_equal(s->live, 0);
	drv_store(2, 100);
	drv_wait();
	segment_cleaned(s);	/* and this one it has not found */
	assert_true(s->aside);
	drv_end(2);
	drv_wait();
	drv_close();
}

/* What is copied is not what was about to end. */
static void
test_ending_while_copied(void **state)
{
	struct segment	*s;
	bool		 aside;
	uint64_t	 live;

	(void)state;
	drv_open();
	drv_store(0, 100);
	drv_store(1, 100);
	drv_wait();
	s = segment_find(ledger->line[0].place.segment);
	drv_end(0);
	segment_left(s->number);	/* as if 1 were elsewhere by now */
	segment_cleaned(s);
	aside = s->aside;
	live = s->live;
	segment_live(s, 100);		/* it is not, and can end */
	drv_end(1);
	drv_wait();
	drv_close();
	assert_false(aside);
	assert_int_equal(live, 1);
}

static void
test_refused(void **state)
{
	char	 why[256];
	int	 fd;

	(void)state;
	drv_limits.segment_size = 65536 + 1;
	assert_int_equal(drv_try_open(why, sizeof(why)), -1);
	event_base_free(drv_base);
	drv_limits.segment_size = 65536;
	fd = open("version", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "postern spool 1\n", 16), 16);
	close(fd);
	assert_int_equal(drv_try_open(why, sizeof(why)), -1);
	assert_non_null(strstr(why, "version"));
	event_base_free(drv_base);
}

static void
test_tidy(void **state)
{
	uint32_t	 large;
	int		 fd;

	(void)state;
	drv_open();
	assert_int_not_equal(fd = spool_large_open(&large), -1);
	close(fd);
	assert_int_not_equal(fd = spool_large_open(&large), -1);
	close(fd);
	spool_large_drop(large);
	drv_close();
	close(open("large/00000000000000000000000000", O_CREAT | O_WRONLY,
	    0600));
	close(open("log/foreign", O_CREAT | O_WRONLY, 0600));
	close(open("spare-77", O_CREAT | O_WRONLY, 0600));
	drv_open();
	drv_close();
	assert_int_equal(rmdir("large"), 0);
	assert_int_equal(rmdir("tmp"), 0);
	assert_int_equal(access("damaged/foreign", F_OK), 0);
	assert_int_equal(access("spare-77", F_OK), -1);
}

#define TEST(fn)	\
	cmocka_unit_test_setup_teardown(fn, drv_setup, drv_teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_empty), TEST(test_sizes),
		TEST(test_large_in_small_segments), TEST(test_states),
		TEST(test_envelope), TEST(test_envelopes_in_a_row),
		TEST(test_bodies_are_shared),
		TEST(test_wrong_places),
		TEST(test_rolling), TEST(test_cleaning),
		TEST(test_cleaning_around_damage), TEST(test_no_room_for_results),
		TEST(test_recycling_in_place),
		TEST(test_ended_when_found),
		TEST(test_ending_while_copied),
		TEST(test_ending_while_cleaned), TEST(test_refused),
		TEST(test_tidy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
