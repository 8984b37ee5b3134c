/*
 * See files.h.
 */
#include "files.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "pause_file.h"
#include "state_file.h"
#include "xmalloc.h"

#define COUNTER		1	/* its hash */
#define KEY_MAX		64
#define UNREADABLE	UINT_MAX

static struct {
	unsigned	 asked, kept;
} promises[FILES_N];

static bool	 all_next;	/* of the counters */
static unsigned	 counted;	/* as they are read */

/* of the counters that are being written */
static void	 (*counters_kept)(void *, bool);
static void	*counters_arg;

/* --- what has been promised --- */

void
files_init(void)
{
	memset(promises, 0, sizeof(promises));
}

/*
 * A start makes the pauses that it finds durable.  Counters are kept a second
 * later, and a start that is killed before may have read what then goes.
 */
static void
note_found(enum kept_file file, unsigned number)
{
	if (file == FILE_PAUSES)
		promises[file].asked = promises[file].kept = number;
}

void
files_note(const struct note *n)
{
	switch (n->kind) {
	case NOTE_FILE:
		promises[n->message].asked = n->nth;
		break;
	case NOTE_FILE_KEPT:
		promises[n->message].kept = n->nth;
		break;
	default:
		note_found(n->message, n->nth);
		break;
	}
}

unsigned
files_next(enum kept_file file)
{
	return promises[file].asked + 1;
}

bool
files_were_asked(enum kept_file file)
{
	return promises[file].asked != 0;
}

int
files_check(const unsigned found[FILES_N], char *why, size_t size)
{
	static const char	*const names[] = {
		[FILE_PAUSES] = "pauses", [FILE_COUNTERS] = "counters",
	};

	for (unsigned f = 0; f < FILES_N; f++) {
		if (found[f] >= promises[f].kept &&
		    found[f] <= promises[f].asked)
			continue;
		snprintf(why, size, found[f] == UNREADABLE ?
		    "the %s cannot be read" :
		    "the %s are those of %u, of %u kept and %u asked for",
		    names[f], found[f], promises[f].kept, promises[f].asked);
		return -1;
	}
	return 0;
}

/* --- pauses --- */

static unsigned
read_pauses(void)
{
	struct arena		 arena = ARENA_INIT(PAUSE_MEMORY);
	struct pause_row	*rows;
	unsigned		 number = 0;
	size_t			 n;

	if (pause_file_read(&arena, &rows, &n) == -1)
		number = UNREADABLE;
	else if (n != 0)
		number = (unsigned)rows[0].since;
	arena_clear(&arena);
	return number;
}

static void
write_pauses(unsigned number, void (*kept)(void *, bool), void *arg)
{
	const struct pause_row	 row = { .what = PAUSE_DOMAIN,
	    .name = STR("example.org"), .since = number,
	    .reason = STR("a reason") };

	pause_file_write(&row, 1, kept, arg);
}

/* --- counters --- */

static void
on_counter(const struct state_entry *e)
{
	if (e->hash == COUNTER)
		counted = e->now;
}

static unsigned
read_counters(void)
{
	uint8_t	 key[KEY_MAX];

	counted = 0;
	state_file_load(key, on_counter);
	all_next = true;
	return counted;
}

static void
on_counters_kept(bool durable)
{
	all_next = !durable;
	counters_kept(counters_arg, durable);
}

static void
write_counters(unsigned number, void (*kept)(void *, bool), void *arg)
{
	struct state_entry	*list = xcalloc(1, sizeof(*list));
	bool			 all = all_next;

	list->hash = COUNTER;
	list->now = number;
	counters_kept = kept;
	counters_arg = arg;
	all_next = false;
	state_file_write(list, 1, all, on_counters_kept);
}

/* --- both --- */

void
files_read(unsigned found[FILES_N])
{
	found[FILE_PAUSES] = read_pauses();
	found[FILE_COUNTERS] = read_counters();
}

void
files_write(enum kept_file file, unsigned number,
    void (*kept)(void *, bool), void *arg)
{
	if (file == FILE_PAUSES)
		write_pauses(number, kept, arg);
	else
		write_counters(number, kept, arg);
}
