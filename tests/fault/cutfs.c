/*
 * Power cuts, all of them: no message that was acknowledged may be lost.
 *
 * usage: cutfs [states | bugs]		(without: both)
 *
 * Environment, all numbers:
 *	N=5000		how many states are tried; 0: all there are, once
 *	STEP=47		every STEPth: so 5000 are spread over all scripts
 *	FROM=0		from that state on (as a failure names it)
 *	PART=0 PARTS=1	of these each PARTSth, for machines side by side
 *	SCRIPT=name	of that script alone; states are numbered anew
 *	CUT_LOG=1	with N=1: tells what happened in it
 *
 * "bugs" tests the test: the spool is made to forget a sync, or to promise
 * too early, and this must be found.
 *
 * When all scripts have been cut in all places, they are recorded again with
 * their threads in another order, until N states have been tried.  A state
 * is known by its number and STEP need not be the same to see it again.
 */
#include <sys/mman.h>
#include <sys/time.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut.h"
#include "describe.h"
#include "enumerate.h"
#include "journal.h"
#include "log.h"
#include "script.h"
#include "seam.h"
#include "witness.h"
#include "xmalloc.h"

#define BUG_STATES	20000	/* tried in vain before a bug is missed */
#define BUG_STEP	7
#define WHY_SIZE	256

static struct journal	*journal;
static char		*why;		/* shared with who records */
static unsigned		 passed, failed;

static void
setup(void)
{
	why = mmap(NULL, WHY_SIZE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (why == MAP_FAILED)
		fatal("no memory");
	journal = journal_new();
	enumerate_init();
}

/* of the script's nth recording */
static uint64_t
seed_of(size_t script, uint64_t round)
{
	/* the last bit makes its syncs slow (sched.h) */
	return mix(script, round) << 1 | ((script + round) & 1);
}

static uint64_t
number(const char *name, uint64_t otherwise)
{
	const char	*text = getenv(name);

	return text != NULL && *text != '\0' ? strtoull(text, NULL, 10) :
	    otherwise;
}

static void
report(bool good, const char *name, const char *text)
{
	printf("%s %s%s%s\n", good ? "ok  " : "FAIL", name,
	    *text != '\0' ? ": " : "", text);
	fflush(stdout);
	*(good ? &passed : &failed) += 1;
}

/* One recording of a script, and the cuts of it. */
static void
run(size_t script, uint64_t round, struct choice *c, bool stop,
    struct tally *t)
{
	const struct script	*s = &scripts[script];

	why[0] = '\0';
	if (script_record(s, seed_of(script, round), journal, why,
	    WHY_SIZE) == 0) {
		witness_look(journal);
		enumerate(s, journal, c, stop, t);
	} else if (t->failed++ == 0)
		snprintf(t->why, sizeof(t->why),
		    "round %" PRIu64 ", before any cut: %s", round, why);
}

static void
report_witnesses(void)
{
	const char	*name;
	bool		 happened;

	for (size_t i = 0; (name = witness_name(i, &happened)) != NULL; i++)
		if (!happened)
			report(false, "scripts", name);
}

/* --- the enumeration --- */

static uint64_t
now_us(void)
{
	struct timeval	 tv;

	gettimeofday(&tv, NULL);
	return (uint64_t)tv.tv_sec * 1000000 + (uint64_t)tv.tv_usec;
}

static bool
is_wanted(const struct script *s)
{
	const char	*name = getenv("SCRIPT");

	return name == NULL || strcmp(name, s->name) == 0;
}

static void
run_round(uint64_t round, struct choice *c, struct tally *tallies)
{
	for (size_t i = 0; i < scripts_n && c->chosen < c->n; i++)
		if (is_wanted(&scripts[i]))
			run(i, round, c, false, &tallies[i]);
}

static void
report_all(const struct tally *tallies, const struct choice *c, uint64_t us)
{
	uint64_t	 tried = 0, wrong = 0;

	for (size_t i = 0; i < scripts_n; i++) {
		if (!is_wanted(&scripts[i]))
			continue;
		report(tallies[i].failed == 0, scripts[i].name,
		    tallies[i].why);
		tried += tallies[i].tried;
		wrong += tallies[i].failed;
	}
	printf("%" PRIu64 " states tried of %" PRIu64 ", %" PRIu64
	    " wrong; %" PRIu64 " a second\n", tried, c->seen, wrong,
	    tried * 1000000 / us);
}

static void
run_all(struct choice *c)
{
	struct tally	*tallies = xcalloc(scripts_n, sizeof(*tallies));
	uint64_t	 began = now_us(), before;
	uint64_t	 round = 0;

	do {
		before = c->seen;
		run_round(round++, c, tallies);
	} while (c->chosen < c->n && c->n != UINT64_MAX && c->seen != before);
	/* all scripts were recorded */
	if ((round > 1 || c->n == UINT64_MAX) && getenv("SCRIPT") == NULL)
		report_witnesses();
	report_all(tallies, c, now_us() - began + 1);
	free(tallies);
}

/* --- the test of the test --- */

/* script: how the names of those begin that show it; "" is all */
static void
run_bug(enum bug bug, const char *name, const char *script)
{
	struct choice	 c = { .step = BUG_STEP, .n = BUG_STATES, .parts = 1 };
	struct tally	 t = { 0 };
	char		 text[sizeof(t.why) + 64];

	seam_bug = bug;
	for (size_t i = 0; i < scripts_n && t.failed == 0; i++) {
		if (strncmp(scripts[i].name, script, strlen(script)) != 0)
			continue;
		run(i, 0, &c, true, &t);
		snprintf(text, sizeof(text), "\"%s\", %s", scripts[i].name,
		    t.why);
	}
	report(t.failed != 0, name, t.failed != 0 ? text : "is not found");
}

static void
run_bugs(void)
{
	static const struct {
		enum bug	 bug;
		const char	*name;
		const char	*script;
	} bugs[] = {
		{ BUG_NO_DATASYNC, "no fdatasync", "" },
		{ BUG_NO_FILE_SYNC, "no fsync of files", "" },
		{ BUG_NO_DIRECTORY_SYNC, "no fsync of directories", "" },
		{ BUG_NO_REWRITE, "a sync that failed is tried again",
		    "a sync fails, then" },
		{ BUG_EARLY_STORED, "messages acknowledged too early", "" },
		{ BUG_EARLY_RESULT, "results acknowledged too early", "" },
		{ BUG_WRONG_RCPT, "results of another recipient", "" },
		{ BUG_NO_REPLACE_SYNC, "pauses: no fsync of the file",
		    "pauses" },
		{ BUG_NO_REPLACED_SYNC, "pauses: no fsync of the directory",
		    "pauses" },
		{ BUG_NO_REPLACE_SYNC, "counters: no fsync of the snapshot",
		    "counters" },
		{ BUG_NO_REPLACED_SYNC, "counters: no fsync of the directory",
		    "counters" },
		{ BUG_NO_COUNTERS_SYNC, "counters: no fdatasync of the log",
		    "counters" },
	};

	for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++)
		run_bug(bugs[i].bug, bugs[i].name, bugs[i].script);
}

int
main(int argc, char *argv[])
{
	struct choice	 c = {
		.from = number("FROM", 0), .step = number("STEP", 47),
		.n = number("N", 5000),
		.part = (unsigned)number("PART", 0),
		.parts = (unsigned)number("PARTS", 1),
	};

	if (c.n == 0)
		c.n = UINT64_MAX;
	if (c.step == 0 || c.part >= c.parts)
		fatal("STEP is at least 1, PART less than PARTS");
	setup();
	if (getenv("CUT_LOG") != NULL && c.n == 1)
		describe_begin();
	if (argc == 1 || strcmp(argv[1], "states") == 0)
		run_all(&c);
	if (argc == 1 || strcmp(argv[1], "bugs") == 0)
		run_bugs();
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
