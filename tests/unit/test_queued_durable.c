/*
 * What is told is on the disk: a disk that keeps in mind what has been
 * written, linked and renamed and not yet synced.  One thing is done at a
 * time, and when it is said to be done nothing that it needs may be missing
 * after a power cut at that moment.
 */
#include "spool_driver.h"

#include <sys/stat.h>

#include <pthread.h>

#include "disk.h"
#include "durable.h"

#define CHANGES_MAX	512	/* more are never unsynced at a time */
#define SYNCED_MAX	64
#define LARGE_SIZE	(BODY_INLINE_MAX + 4000u) /* stays a file */

/* what was done too early; each test looks for one */
enum early {
	BATCH_UNSYNCED,		/* told before its batch was synced */
	SEGMENT_UNNAMED,	/* told before its segment's name was */
	SEGMENT_NAMED,		/* its file used again while it may be so */
	BODY_UNSYNCED,		/* named before its octets were synced */
	BODY_UNNAMED,		/* told before its body's name was */
	BODY_REMOVED,		/* before the end of its message was synced */
	EARLY_N
};

/* data of a file, or a name in a directory */
struct change {
	ino_t		 where;		/* the file; the directory */
	ino_t		 file;
	uint64_t	 when;
	bool		 batch;		/* data of a batch */
	char		 name[64];	/* empty: data */
};

static pthread_mutex_t	 lock = PTHREAD_MUTEX_INITIALIZER;
static struct change	 changes[CHANGES_MAX];
static size_t		 n_changes;
static uint64_t		 now;
static ino_t		 synced[SYNCED_MAX];	/* the last files that were */
static size_t		 n_synced;
static unsigned		 batches;		/* made durable */
static unsigned		 batches_at_end;	/* when an end was told */
static bool		 early[EARLY_N];
static unsigned		 told, reused, removed;

/* ---- what is not yet on the disk --------------------------------------- */

static ino_t
inode(int fd)
{
	struct stat	 st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static ino_t
inode_of(int dir, const char *name)
{
	struct stat	 st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ?
	    st.st_ino : 0;
}

static void
note(ino_t where, ino_t file, bool batch, const char *name)
{
	struct change	*c = &changes[n_changes++];

	if (n_changes > CHANGES_MAX)
		abort();
	*c = (struct change){ where, file, ++now, batch, "" };
	snprintf(c->name, sizeof(c->name), "%s", name);
}

/* All that was changed there before the sync began is on the disk. */
static void
note_sync(ino_t where, uint64_t began)
{
	size_t	 n = 0;

	for (size_t i = 0; i < n_changes; i++) {
		if (changes[i].where == where && changes[i].when <= began)
			batches += changes[i].batch;
		else
			changes[n++] = changes[i];
	}
	n_changes = n;
	synced[n_synced++ % SYNCED_MAX] = where;
}

static bool
was_synced(ino_t file)
{
	for (size_t i = 0; i < SYNCED_MAX; i++)
		if (synced[i] == file)
			return true;
	return false;
}

/* ---- the disk ---------------------------------------------------------- */

static bool
is_segment(int fd)
{
	char	 link[64], path[256];
	ssize_t	 n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n > 4 && memcmp(path + n - 4, ".seg", 4) == 0;
}

/* A spare gets its header when nothing knows it as a segment any more. */
static void
look_at_header(ino_t file)
{
	for (size_t i = 0; i < n_changes; i++)
		early[SEGMENT_NAMED] |= changes[i].file == file &&
		    changes[i].name[0] != '\0';
}

static ssize_t
noting_write(int fd, const void *p, size_t n, off_t at)
{
	ino_t	 file = inode(fd);

	pthread_mutex_lock(&lock);
	if (at == 0 && n == SPOOL_BLOCK)
		look_at_header(file);
	note(file, file, at >= SPOOL_BLOCK && is_segment(fd), "");
	pthread_mutex_unlock(&lock);
	return disk_real.write(fd, p, n, at);
}

static int
noting_sync_by(int (*sync)(int), int fd)
{
	uint64_t	 began;
	int		 r;

	pthread_mutex_lock(&lock);
	began = now;
	pthread_mutex_unlock(&lock);
	r = sync(fd);
	pthread_mutex_lock(&lock);
	note_sync(inode(fd), began);
	pthread_mutex_unlock(&lock);
	return r;
}

static int
noting_datasync(int fd)
{
	return noting_sync_by(disk_real.datasync, fd);
}

static int
noting_sync(int fd)
{
	return noting_sync_by(disk_real.sync, fd);
}

static int
noting_rename(int from, const char *a, int to, const char *b)
{
	ino_t	 file = inode_of(from, a);

	pthread_mutex_lock(&lock);
	note(inode(from), file, false, a);
	note(inode(to), file, false, b);
	/* a spare's own name is of no interest: a start removes it or not */
	if (from == spool_dirs.root)
		note_sync(inode(from), now);
	if (to == spool_dirs.root) {
		note_sync(inode(to), now);
		reused++;
	}
	pthread_mutex_unlock(&lock);
	return disk_real.rename(from, a, to, b);
}

static int
noting_link(int from, const char *a, int to, const char *b, int flags)
{
	ino_t	 file = inode_of(from, a);

	pthread_mutex_lock(&lock);
	early[BODY_UNSYNCED] |= !was_synced(file);
	note(inode(to), file, false, b);
	pthread_mutex_unlock(&lock);
	return disk_real.link(from, a, to, b, flags);
}

static int
noting_unlink(int dir, const char *name, int flags)
{
	pthread_mutex_lock(&lock);
	if (dir == spool_dirs.large) {
		early[BODY_REMOVED] |= batches == batches_at_end;
		removed++;
	}
	pthread_mutex_unlock(&lock);
	return disk_real.unlink(dir, name, flags);
}

/* ---- what is told ------------------------------------------------------ */

static bool
has_batch(void)
{
	for (size_t i = 0; i < n_changes; i++)
		if (changes[i].batch)
			return true;
	return false;
}

static bool
has_name(int dir, const char *name)
{
	ino_t	 where = inode(dir);

	for (size_t i = 0; i < n_changes; i++)
		if (changes[i].where == where &&
		    strcmp(changes[i].name, name) == 0)
			return true;
	return false;
}

static void
on_stored(void *arg, enum store_result r, const struct spool_place *place)
{
	struct ledger_line	*l = arg;
	struct msgid		 id = drv_id((unsigned)(l - ledger->line));
	char			 name[SEGMENT_NAME_SIZE];

	drv_waiting--;
	assert_int_equal(r, STORE_OK);
	l->place = *place;
	l->stored = TOLD_OK;
	told++;
	pthread_mutex_lock(&lock);
	early[BATCH_UNSYNCED] |= has_batch();
	segment_name(name, place->segment, "seg");
	early[SEGMENT_UNNAMED] |= has_name(spool_dirs.log, name);
	early[BODY_UNNAMED] |= has_name(spool_dirs.large, msgid_text(&id));
	pthread_mutex_unlock(&lock);
}

static void
store(unsigned k, size_t size)
{
	struct envelope	 e = drv_envelope(k);
	const char	*body = drv_body(k, size);
	uint32_t	 large = 0;
	int		 fd;

	if (size > BODY_INLINE_MAX) {
		assert_int_not_equal(fd = spool_large_open(&large), -1);
		assert_int_equal(write(fd, body, size), size);
		close(fd);
	}
	drv_waiting++;
	spool_store(&e, drv_header(k), str_bytes(body, large ? 0 : size),
	    large, large ? size : 0, on_stored, &ledger->line[k]);
	drv_wait();
}

static void
on_done(void *arg, bool durable)
{
	(void)arg;
	drv_waiting--;
	assert_true(durable);
	told++;
	pthread_mutex_lock(&lock);
	early[BATCH_UNSYNCED] |= has_batch();
	pthread_mutex_unlock(&lock);
}

/* Rides on the batch of what is stored next, or on one of its own. */
static void
result(unsigned k, bool gone)
{
	struct msgid		 id = drv_id(k);
	const struct spool_rcpt	 r[] = {
		{ .index = 0, .state = gone ? SPOOL_DONE : SPOOL_WAITING },
		{ .index = 1, .state = SPOOL_DONE },
	};

	pthread_mutex_lock(&lock);
	batches_at_end = batches;
	pthread_mutex_unlock(&lock);
	ledger->line[k].ending = gone;
	drv_waiting++;
	spool_result(&id, ledger->line[k].place, r, COUNT(r), gone, on_done,
	    NULL);
}

static void
mark(unsigned k)
{
	struct msgid	 id = drv_id(k);

	drv_waiting++;
	spool_mark(&id, ledger->line[k].place, MARK_HOLD, on_done, NULL);
	drv_wait();
}

/* ---- the steps --------------------------------------------------------- */

/* Ends a life in which n things were told, and none of them too early. */
static void
finish(unsigned n, enum early what)
{
	drv_close();
	assert_int_equal(told, n);
	assert_false(early[what]);
}

static void
test_batch_is_synced(void **state)
{
	(void)state;
	drv_open();
	for (unsigned k = 0; k < 4; k++) {
		store(k, 3000);
		result(k, k % 2 == 0);
		drv_wait();
		if (k % 2 != 0)
			mark(k);
	}
	finish(10, BATCH_UNSYNCED);
}

static void
test_segment_has_its_name(void **state)
{
	(void)state;
	drv_open();
	for (unsigned k = 0; k < 60; k++)
		store(k, 9000);
	assert_true(ledger->line[59].place.segment > 5);
	finish(60, SEGMENT_UNNAMED);
}

static void
test_segment_loses_its_name(void **state)
{
	(void)state;
	drv_open();
	for (unsigned k = 0; k < 200; k++) {
		store(k, 9000);
		result(k, true);
	}
	drv_wait();
	assert_true(reused > 3);
	finish(400, SEGMENT_NAMED);
}

static void
store_large(enum early what)
{
	drv_open();
	for (unsigned k = 0; k < 4; k++)
		store(k, LARGE_SIZE);
	finish(4, what);
}

static void
test_body_is_synced(void **state)
{
	(void)state;
	store_large(BODY_UNSYNCED);
}

static void
test_body_has_its_name(void **state)
{
	(void)state;
	store_large(BODY_UNNAMED);
}

/* By a thread, soon. */
static void
wait_removed(unsigned n)
{
	unsigned	 is = 0;

	for (int ms = 0; ms < 5000 && is < n; ms++) {
		usleep(1000);
		pthread_mutex_lock(&lock);
		is = removed;
		pthread_mutex_unlock(&lock);
	}
	assert_int_equal(is, n);
}

static void
test_body_outlives_its_message(void **state)
{
	(void)state;
	drv_open();
	for (unsigned k = 0; k < 4; k++) {
		store(k, LARGE_SIZE);
		result(k, true);
		drv_wait();
		wait_removed(k + 1);
	}
	finish(8, BODY_REMOVED);
}

static int
set_up(void **state)
{
	static struct disk	 noting;

	noting = disk_real;
	noting.write = noting_write;
	noting.datasync = noting_datasync;
	noting.sync = noting_sync;
	noting.rename = noting_rename;
	noting.link = noting_link;
	noting.unlink = noting_unlink;
	disk = &noting;
	n_changes = n_synced = 0;
	memset(synced, 0, sizeof(synced));
	batches = batches_at_end = told = reused = removed = 0;
	memset(early, 0, sizeof(early));
	return drv_setup_fast(state);
}

#define TEST(fn)	\
	cmocka_unit_test_setup_teardown(fn, set_up, drv_teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_batch_is_synced), TEST(test_segment_has_its_name),
		TEST(test_segment_loses_its_name), TEST(test_body_is_synced),
		TEST(test_body_has_its_name),
		TEST(test_body_outlives_its_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
