/*
 * See witness.h.
 */
#include "witness.h"

#include <string.h>

#include "msgid.h"
#include "record.h"

static bool
ends(const struct op *op, const char *suffix)
{
	size_t	 n = strlen(op->name), len = strlen(suffix);

	return n >= len && strcmp(op->name + n - len, suffix) == 0;
}

static bool
is_note(const struct op *op, enum note_kind kind)
{
	return op->kind == OP_NOTE && op->note.kind == kind;
}

static bool
is_segment_gone(const struct op *op)
{
	return op->kind == OP_LEAVE && ends(op, ".seg");
}

static bool
is_index(const struct op *op)
{
	return op->kind == OP_ENTER && ends(op, ".idx");
}

static bool
is_body_kept(const struct op *op)
{
	return op->kind == OP_ENTER && strlen(op->name) == MSGID_TEXT_LEN;
}

static bool
is_body_gone(const struct op *op)
{
	return op->kind == OP_LEAVE && strlen(op->name) == MSGID_TEXT_LEN;
}

static bool
is_move(const struct op *op)
{
	return is_note(op, NOTE_MOVED);
}

static bool
is_refusal(const struct op *op)
{
	return is_note(op, NOTE_REFUSED);
}

static bool
is_failed_sync(const struct op *op)
{
	return op->kind == OP_SPOIL;
}

static bool
is_found_again(const struct op *op)
{
	return is_note(op, NOTE_FOUND);
}

static bool
is_lost_to_a_cut(const struct op *op)
{
	return is_note(op, NOTE_ABSENT);
}

/* another write of a file before the last one was synced */
static bool
is_overlap(const struct op *op)
{
	static unsigned	 node;
	bool		 overlaps = false;

	if (op->kind == OP_SYNC && op->node == node)
		node = 0;
	if (op->kind == OP_WRITE && op->offset >= SPOOL_BLOCK &&
	    op->data != NULL) {
		overlaps = op->node == node;
		node = op->node;
	}
	return overlaps;
}

static struct {
	const char	*name;
	bool		(*is)(const struct op *);
	bool		 happened;
} things[] = {
	{ "a segment leaves the log", is_segment_gone, false },
	{ "an index is made", is_index, false },
	{ "a body goes into large/", is_body_kept, false },
	{ "a body leaves large/", is_body_gone, false },
	{ "a message is moved", is_move, false },
	{ "a message is refused", is_refusal, false },
	{ "a sync fails", is_failed_sync, false },
	{ "flushes overlap", is_overlap, false },
	{ "a message is found again", is_found_again, false },
	{ "an unacknowledged one is not", is_lost_to_a_cut, false },
};

void
witness_look(const struct journal *j)
{
	for (size_t t = 0; t < sizeof(things) / sizeof(things[0]); t++)
		for (size_t i = 0; i < j->n; i++)
			things[t].happened |= things[t].is(&j->ops[i]);
}

const char *
witness_name(size_t i, bool *happened)
{
	if (i >= sizeof(things) / sizeof(things[0]))
		return NULL;
	*happened = things[i].happened;
	return things[i].name;
}
