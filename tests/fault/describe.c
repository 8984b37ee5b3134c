/*
 * See describe.h.
 */
#include "describe.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "model.h"

static bool	 talks;

void
describe_begin(void)
{
	talks = true;
}

static void
print_note(const struct note *n)
{
	static const char	*const names[] = {
		[NOTE_STORE] = "store", [NOTE_STORED] = "STORED",
		[NOTE_REFUSED] = "REFUSED", [NOTE_RESULT] = "result",
		[NOTE_RESULT_KEPT] = "RESULT KEPT", [NOTE_END] = "end",
		[NOTE_ENDED] = "ENDED", [NOTE_HOLD] = "hold",
		[NOTE_HOLD_KEPT] = "HOLD KEPT", [NOTE_WARN] = "warn",
		[NOTE_WARN_KEPT] = "WARN KEPT", [NOTE_MOVED] = "moved",
		[NOTE_ROUTE] = "route", [NOTE_ROUTE_KEPT] = "ROUTE KEPT",
		[NOTE_FOUND] = "found",
		[NOTE_ABSENT] = "absent", [NOTE_FILE] = "file",
		[NOTE_FILE_KEPT] = "FILE KEPT",
		[NOTE_FILE_FOUND] = "file found",
	};

	fprintf(stderr, "message %u %s rcpt %u nth %u value %u\n", n->message,
	    names[n->kind], n->rcpt, n->nth, n->value);
}

static void
print_op(const struct op *op)
{
	static const char	*const names[] = {
		[OP_FILE] = "file", [OP_DIRECTORY] = "directory",
		[OP_ENTER] = "enter", [OP_LEAVE] = "leave",
		[OP_WRITE] = "write", [OP_TRUNCATE] = "truncate",
		[OP_SYNC] = "sync", [OP_SPOIL] = "SYNC FAILS",
		[OP_CUT] = "POWER CUT", [OP_NOTE] = "note",
	};

	if (op->kind == OP_NOTE) {
		print_note(&op->note);
		return;
	}
	fprintf(stderr, "%s %u", names[op->kind], op->node);
	if (op->kind == OP_WRITE || op->kind == OP_TRUNCATE)
		fprintf(stderr, " at %" PRIu64 " length %" PRIu64 "%s",
		    op->offset, op->len, op->data == NULL ? " zeros" : "");
	if (op->name[0] != '\0')
		fprintf(stderr, " %s -> %u", op->name, op->target);
	fputc('\n', stderr);
}

static void
print_ops(const struct journal *j, size_t k)
{
	for (size_t i = 0; i < k; i++) {
		fprintf(stderr, "%5zu ", i);
		print_op(&j->ops[i]);
	}
}

void
describe_prefix(const struct journal *j, size_t k)
{
	if (!talks)
		return;
	fprintf(stderr, "--- until the power is cut\n");
	print_ops(j, k);
}

void
describe_pending(const struct cut *cut)
{
	static const char	*const fates[] = { "lost", "kept", "torn" };

	if (!talks)
		return;
	fprintf(stderr, "--- pending, at the cut (%s %u)\n",
	    cut_name(cut->kind), cut->one);
	for (size_t i = 0; i < model_pending_n(); i++) {
		fprintf(stderr, "%5zu %s: ", i,
		    fates[cut_fate(cut, i, model_pending(i))]);
		print_op(model_pending(i));
	}
	fprintf(stderr, "--- a start\n");
}

void
describe_second(const struct journal *j, size_t end, const struct cut *cut)
{
	if (!talks)
		return;
	fprintf(stderr, "--- that start has done, until it was cut\n");
	print_ops(j, end);
	describe_pending(cut);
}
