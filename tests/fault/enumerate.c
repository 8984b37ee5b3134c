/*
 * See enumerate.h.  The process that walks through the journal has the disk
 * as it was after each prefix; a fork of it, the trial, cuts that disk; a
 * fork of the trial starts the spool on it and writes down what it does, so
 * that the trial can cut that as well.
 */
#include "enumerate.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cut.h"
#include "describe.h"
#include "expect.h"
#include "log.h"
#include "model.h"
#include "world.h"

#define PATIENCE_S	20
#define SEEN_SLOTS	(1u << 20)	/* of one script; a power of two */
#define AFTERWARDS	(MESSAGES_MAX - 1)	/* stored after a start */

struct shared {
	char	 why[256];
};

static struct shared	*shared;
static struct journal	*second;	/* of the start after a cut */
static uint64_t		*seen;		/* keys; 0: empty */
static size_t		 n_seen;
static struct cut	 trial_cut;

void
enumerate_init(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* shared only so that a fork need not copy it */
	seen = mmap(NULL, SEEN_SLOTS * sizeof(*seen), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || seen == MAP_FAILED)
		fatal("no memory for the enumeration");
	second = journal_new();
}

/* --- states that are the same --- */

/* The same for two cuts that leave the same, with the same promises. */
static uint64_t
key_of(const struct cut *cut)
{
	uint64_t	 key = mix(model_epoch(), expect_notes());

	if (cut->kind == CUT_KILL)
		key = mix(mix(key, CUT_KILL + cut->one), model_is_spoilt());

	for (size_t i = 0; i < model_pending_n(); i++) {
		const struct op	*op = model_pending(i);
		enum fate	 fate = cut_fate(cut, i, op);

		if (fate != FATE_LOST)
			key = mix(key, op->number);
		if (fate == FATE_PARTLY)
			key = mix(key, mix(cut->seed, i));
	}
	return key | 1;
}

static bool
is_new(uint64_t key)
{
	uint64_t	 at = key >> 1;

	for (;; at++) {
		uint64_t	*slot = &seen[at % SEEN_SLOTS];

		if (*slot == key)
			return false;
		if (*slot != 0)
			continue;
		if (++n_seen == SEEN_SLOTS)
			fatal("a script is too long");
		*slot = key;
		return true;
	}
}

/* --- a trial --- */

/* Runs fn in a process of its own: 0, or -1 with why. */
static int
in_child(void (*fn)(const struct life *), const struct life *life)
{
	int	 status;
	pid_t	 pid = fork();

	if (pid == 0) {
		alarm(PATIENCE_S);
		fn(life);
		_exit(0);
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		fatal("cannot start a process");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (shared->why[0] == '\0')
		snprintf(shared->why, sizeof(shared->why),
		    WIFSIGNALED(status) ? "it died of signal %d" :
		    "it ended with status %d", WIFSIGNALED(status) ?
		    WTERMSIG(status) : WEXITSTATUS(status));
	return -1;
}

static void
start_and_check(const struct life *life, struct findings *found)
{
	life_begin(life);
	if (life_open(found, shared->why, sizeof(shared->why)) == -1 ||
	    expect_check(found, shared->why, sizeof(shared->why)) == -1)
		_exit(1);
}

/* A message comes, one goes, one waits; files that are there are replaced. */
static void
go_on(void)
{
	unsigned	 living = 0;

	life_store(AFTERWARDS, 300);
	for (unsigned f = 0; f < FILES_N; f++)
		if (files_were_asked(f))
			life_file(f);
	for (unsigned m = 0; m < AFTERWARDS && living < 2; m++) {
		if (!expect_lives(m))
			continue;
		if (living++ == 0)
			life_end(m);
		else
			life_result(m, 0, false);
	}
	if (life_wait() == 0)
		return;
	snprintf(shared->why, sizeof(shared->why),
	    "after the start somebody waits for ever");
	_exit(1);
}

static void
first_start(const struct life *life)
{
	struct findings	 found;

	journal_empty(second);
	world_record(second);
	start_and_check(life, &found);
	life_note_findings(&found);
	go_on();
}

static bool
is_finding(const struct op *op)
{
	return op->kind == OP_NOTE && (op->note.kind == NOTE_FOUND ||
	    op->note.kind == NOTE_ABSENT || op->note.kind == NOTE_FILE_FOUND);
}

static void
replay(const struct op *op, size_t n, bool findings)
{
	for (size_t i = 0; i < n; i++)
		if (is_finding(&op[i]) == findings)
			world_replay(&op[i]);
}

/*
 * What the first start has found must be found again, wherever that start is
 * cut, since it stood on a disk on which nothing was pending; and what was
 * promised after it.  After a kill it need not, until that start has ended.
 */
static void
cut_first_start(uint64_t seed)
{
	static const enum cut_kind	 kinds[] = { CUT_NOTHING, CUT_ALL,
	    CUT_RANDOM, CUT_RANDOM };
	struct cut			 cut = { kinds[mix(seed, 1) % 4], 0,
	    seed };
	size_t				 end = second->n;

	if (mix(seed, 2) % 2 == 0)
		end = mix(seed, 3) % (second->n + 1);
	if (trial_cut.kind == CUT_KILL) {
		for (size_t i = 0; i < end; i++)
			world_replay(&second->ops[i]);
	} else {
		replay(second->ops, second->n, true);
		replay(second->ops, end, false);
	}
	model_cut(&cut);
	describe_second(second, end, &cut);
}

/* The world, a fork of the walker's, is cut. */
static void
trial(const struct life *life)
{
	struct life	 again = *life;
	struct findings	 found;

	if (in_child(first_start, life) == -1)
		_exit(1);
	cut_first_start(life->seed);
	again.seed = mix(life->seed, 4);
	journal_empty(second);
	world_record(second);
	start_and_check(&again, &found);
}

static void
cut_and_try(const struct life *life)
{
	describe_pending(&trial_cut);
	model_cut(&trial_cut);
	trial(life);
}

/* --- the walk --- */

static bool
is_chosen(struct choice *c)
{
	uint64_t	 number = c->seen++;

	if (number < c->from || (number - c->from) % c->step != 0 ||
	    c->chosen == c->n)
		return false;
	return c->chosen++ % c->parts == c->part;
}

static void
fail(struct tally *t, uint64_t number, const struct journal *j, size_t k)
{
	if (t->failed++ != 0)
		return;
	snprintf(t->why, sizeof(t->why),
	    "state %" PRIu64 " (cut at %zu of %zu, %s %u): %s", number, k,
	    j->n, cut_name(trial_cut.kind), trial_cut.one, shared->why);
}

/* Whether a process can be killed behind the first k operations: not within a
 * rename, which only a power cut can halve. */
static bool
may_kill(const struct journal *j, size_t k)
{
	const struct op	*op = &j->ops[k];

	return !(k < j->n && op->kind == OP_LEAVE && op->target != 0);
}

/* all cuts behind the first k operations */
static void
try_prefix(const struct script *s, const struct journal *j, size_t k,
    struct choice *c, struct tally *t)
{
	struct cut	 cut = { CUT_NOTHING, 0, k };
	struct life	 life = script_life(s, 0, false);

	do {
		if ((cut.kind == CUT_KILL && !may_kill(j, k)) ||
		    !is_new(key_of(&cut)) || !is_chosen(c))
			continue;
		describe_prefix(j, k);
		t->tried++;
		life.seed = mix(c->seen, k);
		trial_cut = cut;
		shared->why[0] = '\0';
		if (in_child(cut_and_try, &life) == -1)
			fail(t, c->seen - 1, j, k);
	} while (cut_next(&cut, model_pending_n()));
}

void
enumerate(const struct script *s, const struct journal *j, struct choice *c,
    bool stop_at_failure, struct tally *t)
{
	memset(seen, 0, SEEN_SLOTS * sizeof(*seen));
	n_seen = 0;
	world_init();
	for (size_t k = 0; k <= j->n && c->chosen < c->n; k++) {
		try_prefix(s, j, k, c, t);
		if (t->failed != 0 && stop_at_failure)
			break;
		if (k < j->n)
			world_replay(&j->ops[k]);
	}
}
