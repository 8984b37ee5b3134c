/*
 * Acting out a script: one function for each act, one process for each part
 * of it that ends with a kill or a cut.
 */
#include "script.h"

#include <sys/wait.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cut.h"
#include "log.h"
#include "seam.h"
#include "world.h"

#define ROLL_SIZE	14000	/* four of them fill a small segment */
#define PATIENCE_S	60

/* how a part has ended, as the status of its process */
enum ending { ENDED_WELL, ENDED_BADLY };

/* shared with the parts' processes */
static char	*report;
static size_t	 report_size;

static void
give_up(const char *why)
{
	snprintf(report, report_size, "%s", why);
	_exit(ENDED_BADLY);
}

static void
wait_or_fail(void)
{
	if (life_wait() == -1)
		give_up("it waits for ever");
}

static void
open_or_fail(void)
{
	struct findings	 found;
	char		 why[256];

	if (life_open(&found, why, sizeof(why)) == -1 ||
	    expect_check(&found, why, sizeof(why)) == -1)
		give_up(why);
	life_note_findings(&found);
}

/* --- acts --- */

static void
act_store(const struct step *s)
{
	life_store(s->message, s->n);
}

static void
act_defer(const struct step *s)
{
	life_result(s->message, s->n, false);
}

static void
act_done(const struct step *s)
{
	life_result(s->message, s->n, true);
}

static void
act_end(const struct step *s)
{
	life_end(s->message);
}

static void
act_hold(const struct step *s)
{
	life_hold(s->message, s->act == ACT_HOLD);
}

static void
act_warn(const struct step *s)
{
	life_warn(s->message);
}

static void
act_route(const struct step *s)
{
	life_route(s->message, s->act == ACT_ROUTE);
}

static void
act_give_up(const struct step *s)
{
	(void)s;
	life_give_up();
}

static void
act_file(const struct step *s)
{
	life_file((enum kept_file)s->n);
}

static void
act_go_on(const struct step *s)
{
	life_go_on(s->n);
}

static void
act_wait(const struct step *s)
{
	(void)s;
	wait_or_fail();
}

static void
act_roll(const struct step *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		life_store(s->message + i, ROLL_SIZE);
		wait_or_fail();
		life_end(s->message + i);
	}
	wait_or_fail();
}

static void
act_fill(const struct step *s)
{
	for (unsigned i = 0; i < s->n; i++)
		life_store(s->message + i, ROLL_SIZE);
}

static void
act_fail(const struct step *s)
{
	seam_fail_next((enum seam_call)s->n);
}

static void
act_close(const struct step *s)
{
	life_close();
	if (s->act == ACT_RESTART)
		open_or_fail();
}

static void
act_exit(const struct step *s)
{
	(void)s;
	_exit(ENDED_WELL);
}

static void	 (*const acts[ACT_N])(const struct step *) = {
	[ACT_NOTHING] = act_exit, [ACT_STORE] = act_store,
	[ACT_DEFER] = act_defer, [ACT_DONE] = act_done, [ACT_END] = act_end,
	[ACT_HOLD] = act_hold, [ACT_RELEASE] = act_hold,
	[ACT_WARN] = act_warn, [ACT_GIVE_UP] = act_give_up,
	[ACT_ROUTE] = act_route, [ACT_NORMAL] = act_route,
	[ACT_FILE] = act_file,
	[ACT_GO_ON] = act_go_on, [ACT_WAIT] = act_wait,
	[ACT_ROLL] = act_roll, [ACT_FILL] = act_fill, [ACT_FAIL] = act_fail,
	[ACT_RESTART] = act_close, [ACT_CLOSE] = act_close,
	[ACT_KILL] = act_exit, [ACT_CUT] = act_exit,
};

/* --- parts --- */

struct life
script_life(const struct script *s, uint64_t seed, bool threads)
{
	struct life	 life = { .seed = seed, .threads = threads,
	    .segment_size = SPOOL_SEGMENT_MIN,
	    .may_complain = seam_bug != BUG_NONE };

	if (s->segment_kib != 0)
		life.segment_size = (uint64_t)s->segment_kib << 10;
	return life;
}

static void
act_part(const struct script *s, const struct step *step, uint64_t seed)
{
	const struct life	 life = script_life(s, seed, true);

	alarm(PATIENCE_S);
	life_begin(&life);
	open_or_fail();
	for (;; step++)
		acts[step->act](step);
}

/* in a process of its own */
static int
run_part(const struct script *s, const struct step *step, uint64_t seed)
{
	int	 status;
	pid_t	 pid = fork();

	if (pid == 0)
		act_part(s, step, seed);
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		fatal("cannot start a process");
	if (WIFEXITED(status) && WEXITSTATUS(status) == ENDED_WELL)
		return 0;
	if (WIFSIGNALED(status))
		snprintf(report, report_size, "it died of signal %d",
		    WTERMSIG(status));
	return -1;
}

static bool
is_end_of_part(const struct step *s)
{
	return s->act == ACT_NOTHING || s->act == ACT_KILL ||
	    s->act == ACT_CUT;
}

int
script_record(const struct script *s, uint64_t seed, struct journal *j,
    char *why, size_t size)
{
	const struct step	*step = s->steps, *end;
	size_t			 done = 0;

	report = why;
	report_size = size;
	journal_empty(j);
	world_init();
	world_record(j);
	for (;; step = end + 1) {
		if (run_part(s, step, seed) == -1)
			return -1;
		for (; done < j->n; done++)
			world_replay(&j->ops[done]);
		for (end = step; !is_end_of_part(end); end++)
			continue;
		if (end->act == ACT_NOTHING)
			return 0;
		seed = mix(seed, 2) << 1 | (seed & 1);
		if (end->act == ACT_CUT) {
			world_do(&(struct op){ .kind = OP_CUT,
			    .offset = seed });
			done = j->n;
		}
	}
}
