/*
 * See world.h.
 */
#include "world.h"

#include "expect.h"
#include "model.h"

static struct journal	*journal;

void
world_init(void)
{
	model_init();
	expect_init();
	journal = NULL;
}

void
world_record(struct journal *j)
{
	journal = j;
}

void
world_replay(const struct op *op)
{
	if (op->kind == OP_NOTE)
		expect_note(&op->note);
	else
		model_apply(op);
}

void
world_do(const struct op *op)
{
	world_replay(journal_add(journal, op));
}

void
world_note(const struct note *n)
{
	world_do(&(struct op){ .kind = OP_NOTE, .note = *n });
}
