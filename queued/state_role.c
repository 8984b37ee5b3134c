/*
 * The process in the role `state`: counters, asked for by message.  What it
 * costs when it dies: what was counted in the last second, and who was
 * refused of late; meanwhile each worker goes by what it has counted itself.
 */
#include "state.h"

#include <sodium.h>

#include "log.h"
#include "proc.h"

#include "guess.h"
#include "queued.h"
#include "work.h"

static void
on_guess_take(struct peer *p, uint32_t id, const struct guess *m)
{
	const struct guess_taken	 answer = { guess_take(m) };

	peer_send(p, GUESS_TAKEN, id, &answer);
}

static void
on_guess_end(struct peer *p, uint32_t id, const struct guess_end *m)
{
	(void)p, (void)id;
	guess_end(m);
}

static void
on_guesses_look(struct peer *p, uint32_t id, const struct guesses_ask *m)
{
	struct guesses_row	 rows[GUESSES_ROWS_MAX];
	struct guesses		 answer = { GUESSES_DONE, rows, 0 };

	answer.n_rows = guess_rows(m, rows);
	peer_send(p, GUESSES_SEEN, id, &answer);
}

static void
state_prepare(void)
{
	if (sodium_init() == -1)
		fatal("libsodium cannot start");
	work_start();
}

static void
state_start(void)
{
	state_begin(proc_base());
	proc_ready();
}

static void
on_ended(void)
{
	proc_exit(0);
}

static void
state_stop(void)
{
	state_end(on_ended);
}

static const struct handlers	 state_handlers = {
	.GUESS_TAKE = on_guess_take,
	.GUESS_END = on_guess_end,
	.GUESSES_LOOK = on_guesses_look,
};

const struct proc_ops	 state_ops = {
	.program = "queued",
	.roles = STATE,
	.handlers = &state_handlers,
	.prepare = state_prepare,
	.start = state_start,
	.stop = state_stop,
};
