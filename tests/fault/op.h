/*
 * One thing that happened: to the disk, or between the spool and those who
 * use it.  A journal of these is all that the enumeration works on: the
 * world after any prefix of it follows from the prefix alone.
 *
 * A call that does two things to the disk is two operations here: a rename
 * enters the new name, then leaves the old one, and a power cut may show
 * either without the other.
 */
#ifndef OP_H
#define OP_H

#include <stdint.h>

#define OP_NAME_SIZE	36	/* the longest name in a spool and its NUL */

enum op_kind {
	OP_FILE,		/* a new file, without a name yet */
	OP_DIRECTORY,
	OP_ENTER,		/* name in directory node leads to target */
	OP_LEAVE,		/* name is in directory node no more; target:
				 * it was renamed */
	OP_WRITE,
	OP_TRUNCATE,		/* len: its new size */
	OP_SYNC,		/* what is pending for node is durable, but
				 * for what came from operation offset on,
				 * if that is not 0 */
	OP_SPOIL,		/* a sync of node failed: what was pending is
				 * never synced, and may be there or not */
	OP_CUT,			/* the power; offset: the seed of what stays */
	OP_NOTE
};

/* What was asked of the spool and what it has promised. */
enum note_kind {
	NOTE_STORE,		/* asked; value: octets of the body */
	NOTE_STORED,		/* acknowledged */
	NOTE_REFUSED,
	NOTE_RESULT,		/* of rcpt, its nth; value: it is done */
	NOTE_RESULT_KEPT,
	NOTE_END,		/* the message's last result is on its way */
	NOTE_ENDED,
	NOTE_HOLD,		/* the nth of the message; value: held */
	NOTE_HOLD_KEPT,
	NOTE_WARN,
	NOTE_WARN_KEPT,
	NOTE_ROUTE,		/* the nth of the message; value: another way
				 * than usual */
	NOTE_ROUTE_KEPT,
	NOTE_MOVED,		/* by the cleaner */
	NOTE_FOUND,		/* by a start: what it is from now on */
	NOTE_ABSENT,		/* not found by a start: gone for good */
	/* of a file (files.h), whose number is in message */
	NOTE_FILE,		/* its nth content is to be kept */
	NOTE_FILE_KEPT,
	NOTE_FILE_FOUND
};

struct note {
	enum note_kind	 kind;
	unsigned	 message, rcpt, nth;
	unsigned	 value;
	/* FOUND */
	unsigned	 tries[2], done[2];
	unsigned	 held, warned, routed;
};

struct op {
	enum op_kind	 kind;
	unsigned	 number;	/* in its journal */
	unsigned	 node, target;
	uint64_t	 offset, len;
	const uint8_t	*data;		/* of a write; NULL: zeros */
	char		 name[OP_NAME_SIZE];
	struct note	 note;
};

#endif
