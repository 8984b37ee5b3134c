/*
 * Scripts: what processes that use the spool do, one after another, told as a
 * list of steps.  Small ones, since a few messages show most faults, and each
 * is cut at every place.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "journal.h"
#include "life.h"

enum act {
	ACT_NOTHING,		/* behind the last step */
	ACT_STORE,		/* n octets */
	ACT_DEFER,		/* recipient n */
	ACT_DONE,		/* recipient n, but not the message */
	ACT_END,
	ACT_HOLD,
	ACT_RELEASE,
	ACT_WARN,
	ACT_ROUTE,		/* another way than usual */
	ACT_NORMAL,		/* the usual one again */
	ACT_GIVE_UP,		/* a large body */
	ACT_FILE,		/* write file n (files.h) */
	ACT_GO_ON,		/* n steps of the threads and the loop */
	ACT_WAIT,		/* for all that was asked for */
	ACT_ROLL,		/* store and end n messages from that one on */
	ACT_FILL,		/* store so many */
	ACT_FAIL,		/* the next call (seam_call) n of a thread */
	ACT_RESTART,		/* an orderly stop and a new start */
	ACT_CLOSE,		/* an orderly stop */
	ACT_KILL,		/* another process goes on */
	ACT_CUT,		/* the same after a power cut */
	ACT_N
};

struct step {
	enum act	 act;
	unsigned	 message;
	unsigned	 n;
};

#define STEPS_MAX	24

struct script {
	const char	*name;
	unsigned	 segment_kib;	/* 0: as small as can be */
	struct step	 steps[STEPS_MAX];
};

extern const struct script	 scripts[];
extern const size_t		 scripts_n;

/* How those who act it out live, and who starts where it was cut. */
struct life	 script_life(const struct script *, uint64_t seed,
		    bool threads);
/*
 * Acts it out, in processes of its own, into an empty journal; the world is
 * new and is left as the journal says.  0, or -1 with why.
 */
int		 script_record(const struct script *, uint64_t seed,
		    struct journal *, char *why, size_t);

#endif
