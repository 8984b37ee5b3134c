/*
 * The process in the role `state`: counters, asked for by message.
 */
#include "state.h"

#include <sodium.h>

#include "log.h"
#include "proc.h"

#include "queued.h"
#include "work.h"

static void
on_count_add(struct peer *p, uint32_t id, const struct count_add *m)
{
	struct count	 answer = { state_count(m->key, m->add,
	    m->window_s) };

	peer_send(p, COUNT, id, &answer);
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
	.COUNT_ADD = on_count_add,
};

const struct proc_ops	 state_ops = {
	.program = "queued",
	.roles = STATE,
	.handlers = &state_handlers,
	.prepare = state_prepare,
	.start = state_start,
	.stop = state_stop,
};
