/*
 * The table of child life, and the back-off between starts.
 */
#include "child.h"

#include "clock.h"

struct step {
	enum child_state	 next;
	void			(*act)(struct child *);
};

static const char *const state_names[CHILD_STATE_N] = {
	[CHILD_DOWN] = "down", [CHILD_STARTING] = "starting",
	[CHILD_READY] = "ready", [CHILD_RETIRING] = "retiring",
	[CHILD_STOPPING] = "stopping",
};

static void
nop(struct child *c)
{
	(void)c;
}

static void
launch(struct child *c)
{
	c->launches++;
	c->launched_ms = c->heard_ms = clock_ms();
	c->ready_ms = 0;
	if (c->ops->launch(c) == -1)
		child_event(c, LIFE_EXIT);
	else
		c->ops->arm(c, CHILD_TICK_MS);
}

static void
serve(struct child *c)
{
	c->heard_ms = c->ready_ms = clock_ms();
	c->was_ready = true;
	c->failed = 0;
}

/* Its timer while it lives: silent for too long, or ask it again. */
static void
tick(struct child *c)
{
	uint64_t	 now = clock_ms();

	if (now - c->heard_ms >= CHILD_SILENT_MS ||
	    (c->state == CHILD_STARTING &&
	    now - c->launched_ms >= CHILD_START_MS)) {
		c->ops->kill(c);
		return;
	}
	if (c->state == CHILD_RETIRING &&
	    now - c->retired_ms >= CHILD_RETIRE_MS) {
		child_event(c, LIFE_STOP);
		return;
	}
	c->ops->ping(c);
	c->ops->arm(c, CHILD_TICK_MS);
}

static void
destroy(struct child *c)
{
	c->ops->kill(c);
}

static void
retry(struct child *c)
{
	if (!c->was_ready)
		c->failed++;
	c->ops->arm(c, backoff_next(&c->backoff, clock_ms(), c->ready_ms));
}

static void
finish(struct child *c)
{
	c->ops->stop(c);
	c->ops->arm(c, CHILD_STOP_MS);
}

static void
retire(struct child *c)
{
	c->retired_ms = clock_ms();
	c->ops->retire(c);
}

static void
forget(struct child *c)
{
	c->ops->disarm(c);
}

/*
 * A process that was killed keeps its state until its LIFE_EXIT comes.  A
 * child that is DOWN with its timer armed waits for its next start.
 */
static const struct step table[CHILD_STATE_N][LIFE_N] = {
	[CHILD_DOWN] = {
		[LIFE_START]	= { CHILD_STARTING,	launch },
		[LIFE_READY]	= { CHILD_DOWN,		nop },
		[LIFE_EXIT]	= { CHILD_DOWN,		nop },
		[LIFE_FAULT]	= { CHILD_DOWN,		nop },
		[LIFE_TIMEOUT]	= { CHILD_STARTING,	launch },
		[LIFE_STOP]	= { CHILD_DOWN,		forget },
		[LIFE_RETIRE]	= { CHILD_DOWN,		forget },
	},
	[CHILD_STARTING] = {
		[LIFE_START]	= { CHILD_STARTING,	nop },
		[LIFE_READY]	= { CHILD_READY,	serve },
		[LIFE_EXIT]	= { CHILD_DOWN,		retry },
		[LIFE_FAULT]	= { CHILD_STARTING,	destroy },
		[LIFE_TIMEOUT]	= { CHILD_STARTING,	tick },
		[LIFE_STOP]	= { CHILD_STOPPING,	finish },
		[LIFE_RETIRE]	= { CHILD_STOPPING,	finish },
	},
	[CHILD_READY] = {
		[LIFE_START]	= { CHILD_READY,	nop },
		[LIFE_READY]	= { CHILD_READY,	nop },
		[LIFE_EXIT]	= { CHILD_DOWN,		retry },
		[LIFE_FAULT]	= { CHILD_READY,	destroy },
		[LIFE_TIMEOUT]	= { CHILD_READY,	tick },
		[LIFE_STOP]	= { CHILD_STOPPING,	finish },
		[LIFE_RETIRE]	= { CHILD_RETIRING,	retire },
	},
	[CHILD_RETIRING] = {
		[LIFE_START]	= { CHILD_RETIRING,	nop },
		[LIFE_READY]	= { CHILD_RETIRING,	nop },
		[LIFE_EXIT]	= { CHILD_DOWN,		forget },
		[LIFE_FAULT]	= { CHILD_RETIRING,	destroy },
		[LIFE_TIMEOUT]	= { CHILD_RETIRING,	tick },
		[LIFE_STOP]	= { CHILD_STOPPING,	finish },
		[LIFE_RETIRE]	= { CHILD_RETIRING,	nop },
	},
	[CHILD_STOPPING] = {
		[LIFE_START]	= { CHILD_STOPPING,	nop },
		[LIFE_READY]	= { CHILD_STOPPING,	nop },
		[LIFE_EXIT]	= { CHILD_DOWN,		forget },
		[LIFE_FAULT]	= { CHILD_STOPPING,	destroy },
		[LIFE_TIMEOUT]	= { CHILD_STOPPING,	destroy },
		[LIFE_STOP]	= { CHILD_STOPPING,	nop },
		[LIFE_RETIRE]	= { CHILD_STOPPING,	nop },
	},
};

void
child_init(struct child *c, enum role role, uint16_t index,
    const struct child_ops *ops)
{
	*c = (struct child){
		.role = role,
		.index = index,
		.state = CHILD_DOWN,
		.ops = ops,
		.since = clock_wall(),
	};
}

void
child_event(struct child *c, enum life_event event)
{
	enum child_state	 from = c->state;
	const struct step	*step = &table[from][event];

	c->state = step->next;
	if (c->state != from)
		c->since = clock_wall();
	step->act(c);
	/* the action may have gone further, and said so: a failed launch */
	if (step->next != from && c->state == step->next)
		c->ops->changed(c, from);
}

void
child_heard(struct child *c)
{
	c->heard_ms = clock_ms();
}

bool
child_is_living(const struct child *c)
{
	return c->state == CHILD_STARTING || c->state == CHILD_READY ||
	    c->state == CHILD_RETIRING;
}

uint64_t
backoff_next(struct backoff *b, uint64_t now_ms, uint64_t ready_ms)
{
	uint64_t	 wait_ms = BACKOFF_FIRST_MS;

	if (ready_ms != 0 && now_ms - ready_ms >= CHILD_GOOD_MS)
		b->deaths = 0;
	/* a few deaths far apart are not a series; a series stays one */
	if (b->deaths < BACKOFF_FREE && now_ms - b->first_ms > BACKOFF_FREE_MS)
		b->deaths = 0;
	if (b->deaths++ == 0)
		b->first_ms = now_ms;
	if (b->deaths <= BACKOFF_FREE)
		return 0;
	for (unsigned n = BACKOFF_FREE + 1; n < b->deaths; n++)
		if ((wait_ms *= 2) >= BACKOFF_MAX_MS)
			return BACKOFF_MAX_MS;
	return wait_ms;
}

const char *
child_state_name(enum child_state state)
{
	return state < CHILD_STATE_N ? state_names[state] : "?";
}
