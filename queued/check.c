/*
 * The scan and the fold of a start, without what a start changes.  What is
 * damaged is told apart from what was being written at the last stop, by the
 * same rule (damage.h); bodies in large/ are read and compared as well.
 */
#include "check.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "confine.h"
#include "log.h"

#include "check_dump.h"
#include "damage.h"
#include "dirlist.h"
#include "disk.h"
#include "durable.h"
#include "fold.h"
#include "segment_names.h"
#include "segment_scan.h"

#define FILES_MAX	64	/* open at a time: a few are */

static struct check_totals	 totals;
static struct damage		 noted[DAMAGES_MAX];	/* of this life */
static size_t			 n_noted;
static bool			 no_memory;

static int
failed(int status, const char *what)
{
	log_error("spool: %s: %s", what, strerror(errno));
	return status;
}

/* --- what is wrong ------------------------------------------------------ */

static void
damaged(const struct damage *d)
{
	totals.damaged++;
	dump_damage(d);
}

/* As damage_settle: what nobody was told of may be torn. */
static void
settle(uint64_t durable)
{
	for (size_t i = 0; i < n_noted; i++) {
		if (!damage_trim(&noted[i]))
			continue;
		if (noted[i].first >= durable)
			totals.torn++;
		else
			damaged(&noted[i]);
	}
	n_noted = 0;
	damage_end_life();
}

static void
on_damage(void *arg, const struct damage *d)
{
	if (scan_was_rewritten(arg, d))
		totals.torn++;
	else if (n_noted < DAMAGES_MAX)
		noted[n_noted++] = *d;
	else
		totals.damaged++;	/* too many to tell each */
}

static void
on_other(const char *name)
{
	log_error("spool: log/%s: this is no segment", name);
	totals.damaged++;
}

static void
bad_segment(uint32_t number, const char *what)
{
	damaged(&(struct damage){ .segment = number, .what = what });
}

/* --- scanning ----------------------------------------------------------- */

static void
on_record(void *arg, const struct record *r, struct spool_place at)
{
	(void)arg;
	totals.records++;
	if (r->type == RECORD_VOID)
		damage_void(r);
	if (fold_record(r, at, 0) == -1)
		no_memory = true;
}

static int
scan_records(struct scan *s, const struct segment_header *h, off_t size)
{
	struct check_segment	*seg = dump_segment(s->number, h->key);
	uint64_t		 durable;

	if (seg == NULL) {
		errno = ENOMEM;
		return -1;
	}
	s->size = size < UINT32_MAX ? (uint64_t)size : UINT32_MAX;
	s->key = seg->key;
	if (scan_begin_life(s, h->life, &durable))
		settle(durable);
	totals.segments++;
	totals.octets += s->size;
	if (segment_scan(s) == -1 || no_memory) {
		errno = no_memory ? ENOMEM : s->error;
		return -1;
	}
	if (s->unreadable != 0)
		bad_segment(s->number, "some of it cannot be read");
	return 0;
}

static int
scan_file(struct scan *s)
{
	uint8_t			 block[SPOOL_BLOCK];
	struct segment_header	 h;
	enum header_verdict	 v;
	struct stat		 st;

	if (disk->stat(s->fd, &st) == -1)
		return -1;
	if (disk_read_patiently(s->fd, block, sizeof(block), 0) == -1 &&
	    errno != ENODATA)
		return -1;
	v = st.st_size < SPOOL_BLOCK ? HEADER_BAD :
	    segment_header_get(block, &h);
	if (v == HEADER_OK && h.number == s->number)
		return scan_records(s, &h, st.st_size);
	bad_segment(s->number, v == HEADER_VERSION ?
	    "its version is not one this program knows" :
	    "its header is damaged");
	return 0;
}

static int
scan_one(struct scan *s, uint32_t number)
{
	char	 name[SEGMENT_NAME_SIZE];
	int	 r;

	segment_name(name, number, "seg");
	s->number = number;
	if ((s->fd = disk_open_patiently(spool_dirs.log, name, O_RDONLY)) ==
	    -1)
		return failed(EX_IOERR, name);
	r = scan_file(s) == -1 ? failed(EX_IOERR, name) : EX_OK;
	close(s->fd);
	return r;
}

static int
scan_all(void)
{
	struct scan	 s = { .record = on_record, .damage = on_damage };
	uint32_t	*numbers;
	size_t		 n;
	int		 status = EX_OK;

	s.arg = &s;
	if (segment_names(&numbers, &n, on_other) == -1)
		return failed(EX_IOERR, "log");
	for (size_t i = 0; i < n && status == EX_OK; i++)
		status = scan_one(&s, numbers[i]);
	free(numbers);
	if (status == EX_OK)
		settle(s.durable);
	return status;
}

/* --- what lives --------------------------------------------------------- */

static int
dump_living(void)
{
	struct folded	**living;
	size_t		 n;
	int		 status = EX_OK;

	if (fold_living(&living, &n) == -1) {
		errno = ENOMEM;
		return failed(EX_OSERR, "log");
	}
	for (size_t i = 0; i < n; i++) {
		if (status == EX_OK && dump_message(living[i], &totals) == -1)
			status = failed(EX_IOERR, msgid_text(&living[i]->id));
		fold_free(living[i]);
	}
	free(living);
	return status;
}

/* What a start has put aside: a report for each place. */
static void
count_aside(void *arg, const char *name)
{
	size_t	 n = strlen(name);

	(void)arg;
	totals.aside += n < 7 || strcmp(name + n - 7, ".octets") != 0;
}

static int
check(void)
{
	int	 status = scan_all();

	if (status == EX_OK)
		status = dump_living();
	if (status != EX_OK)
		return status;
	if (dirlist(spool_dirs.damaged, count_aside, NULL) == -1)
		return failed(EX_IOERR, "damaged");
	if (dump_end(&totals) == -1)
		return failed(EX_IOERR, "standard output");
	return totals.damaged != 0 ? EX_DATAERR : EX_OK;
}

/* --- the jail ----------------------------------------------------------- */

/*
 * Octets that strangers wrote are not parsed as root, but as the user whose
 * spool it is.
 */
static int
confine(const char *directory)
{
	struct confine	 m = { .root = str_of(directory),
	    .files = FILES_MAX };
	struct jail	 jail = { 0 };
	struct stat	 st;

	if (stat(directory, &st) == -1)
		return failed(EX_NOINPUT, directory);
	if (geteuid() == 0 && st.st_uid == 0) {
		log_error("%s: belongs to root, not to a user that could "
		    "read it instead", directory);
		return EX_NOPERM;
	}
	m.uid = st.st_uid;
	m.gid = st.st_gid;
	confine_enter(ROLE_QUEUED, &m, NULL, &jail);
	return EX_OK;
}

int
check_spool(const char *directory)
{
	enum dirs_look	 r;
	char		 why[TEXT_MAX];
	int		 status;

	log_set_name("queued");
	if (sodium_init() == -1)
		fatal("sodium cannot be initialised");
	if ((status = confine(directory)) != EX_OK)
		return status;
	if ((r = dirs_look(why, sizeof(why))) != LOOK_OK) {
		log_error("%s", why);
		return r == LOOK_IN_USE ? EX_TEMPFAIL : EX_NOINPUT;
	}
	status = check();
	fold_clear();
	dirs_close();
	return status;
}
