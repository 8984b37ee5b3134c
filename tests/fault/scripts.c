/*
 * The scripts.  Even messages have one recipient, odd ones two.
 */
#include "script.h"

#include "seam.h"

#define STORE(m, n)	{ ACT_STORE, m, n }
#define DEFER(m, r)	{ ACT_DEFER, m, r }
#define DONE(m, r)	{ ACT_DONE, m, r }
#define END(m)		{ ACT_END, m, 0 }
#define HOLD(m)		{ ACT_HOLD, m, 0 }
#define RELEASE(m)	{ ACT_RELEASE, m, 0 }
#define WARN(m)		{ ACT_WARN, m, 0 }
#define ROUTE(m)	{ ACT_ROUTE, m, 0 }
#define NORMAL(m)	{ ACT_NORMAL, m, 0 }
#define GIVE_UP		{ ACT_GIVE_UP, 0, 0 }
#define PAUSE		{ ACT_FILE, 0, FILE_PAUSES }
#define COUNT		{ ACT_FILE, 0, FILE_COUNTERS }
#define GO_ON(n)	{ ACT_GO_ON, 0, n }
#define WAIT		{ ACT_WAIT, 0, 0 }
#define ROLL(m, n)	{ ACT_ROLL, m, n }
#define FILL(m, n)	{ ACT_FILL, m, n }
#define FAIL(call)	{ ACT_FAIL, 0, SEAM_ ## call }
#define RESTART		{ ACT_RESTART, 0, 0 }
#define CLOSE		{ ACT_CLOSE, 0, 0 }
#define KILL		{ ACT_KILL, 0, 0 }
#define CUT		{ ACT_CUT, 0, 0 }

#define BLOCKS		9000	/* a body of some blocks */
#define FILE_BODY	70000	/* comes as a file, and stays one unless
				 * segments are large */

const struct script	 scripts[] = {
	/* one message */
	{ "nothing", 0, { CLOSE } },
	{ "store", 0, { STORE(0, 300), WAIT } },
	{ "store and stop", 0, { STORE(1, 300), WAIT, CLOSE } },
	{ "store empty", 0, { STORE(0, 0), WAIT } },
	{ "store blocks", 0, { STORE(0, BLOCKS), WAIT } },
	{ "defer", 0, { STORE(0, 300), WAIT, DEFER(0, 0), WAIT } },
	{ "defer again", 0, { STORE(0, 300), WAIT, DEFER(0, 0), WAIT,
	    DEFER(0, 0), GO_ON(3), DEFER(0, 0), WAIT } },
	{ "defer one of two", 0, { STORE(1, 300), WAIT, DEFER(1, 1), WAIT,
	    DONE(1, 0), WAIT } },
	{ "one done, then the other", 0, { STORE(1, 300), WAIT, DONE(1, 0),
	    WAIT, END(1), WAIT } },
	{ "gone", 0, { STORE(0, 300), WAIT, END(0), WAIT, CLOSE } },
	{ "hold and release", 0, { STORE(0, 300), WAIT, HOLD(0), WAIT,
	    RELEASE(0), WAIT, HOLD(0), WAIT } },
	{ "warn", 0, { STORE(1, 300), WAIT, DEFER(1, 0), WARN(1), WAIT,
	    END(1), WAIT } },

	/* several */
	{ "two", 0, { STORE(0, 300), STORE(1, 300), WAIT } },
	{ "two and two batches", 0, { STORE(0, 300), GO_ON(4), STORE(1, 300),
	    GO_ON(4), STORE(2, BLOCKS), WAIT } },
	{ "three that overlap", 0, { STORE(0, BLOCKS), GO_ON(2),
	    STORE(1, BLOCKS), GO_ON(3), STORE(2, BLOCKS), GO_ON(5),
	    DEFER(0, 0), WAIT, END(1), GO_ON(6), STORE(3, 300), WAIT } },
	{ "store while one ends", 0, { STORE(0, 300), WAIT, END(0),
	    STORE(1, 300), WAIT, END(1), GO_ON(2), STORE(2, 300), WAIT } },
	{ "bounce", 0, { STORE(1, 300), WAIT, DONE(1, 0), WAIT,
	    STORE(2, 500), WAIT, END(1), WAIT, END(2), WAIT } },
	{ "a batch after another", 0, { STORE(0, 15000), STORE(1, 15000),
	    STORE(2, 15000), STORE(3, 15000), WAIT, END(0), END(2), WAIT } },
	{ "many small", 0, { FILL(20, 20), WAIT, END(20), END(25), WAIT } },

	/* bodies in files, and those that go from a file into a segment */
	{ "file", 0, { STORE(0, FILE_BODY), WAIT } },
	{ "file gone", 0, { STORE(0, FILE_BODY), WAIT, END(0), WAIT,
	    CLOSE } },
	{ "file and defer", 0, { STORE(1, FILE_BODY), STORE(0, 300), WAIT,
	    DEFER(1, 0), WAIT, RESTART, DONE(1, 1), WAIT } },
	{ "two files", 0, { STORE(0, FILE_BODY), STORE(2, FILE_BODY),
	    GO_ON(9), STORE(1, 300), WAIT, END(0), WAIT } },
	{ "file given up", 0, { STORE(0, 300), GIVE_UP, WAIT } },
	{ "file into a segment", 512, { STORE(0, FILE_BODY), WAIT, END(0),
	    STORE(1, 300), WAIT } },
	{ "long in its segment", 0, { STORE(0, 64000), WAIT, STORE(1, 300),
	    WAIT, END(0), WAIT } },

	/* from segment to segment */
	{ "roll over", 0, { STORE(0, 300), WAIT, FILL(20, 6), WAIT,
	    DEFER(0, 0), WAIT } },
	{ "recycle", 0, { ROLL(20, 12), STORE(0, 300), WAIT } },
	{ "recycle around one", 0, { ROLL(20, 6), STORE(1, 300), WAIT,
	    ROLL(30, 8), DEFER(1, 1), WAIT } },
	{ "clean", 0, { STORE(0, 300), STORE(1, 300), WAIT, DEFER(0, 0),
	    HOLD(1), WAIT, ROLL(20, 40), DEFER(0, 0), WAIT, ROLL(12, 6),
	    END(1), WAIT } },
	{ "clean what was taken back", 0, { STORE(1, 300), WAIT, DEFER(1, 1),
	    HOLD(1), WAIT, ROLL(20, 8), RELEASE(1), DONE(1, 1), WAIT,
	    ROLL(28, 32), CLOSE } },
	{ "clean a file", 0, { STORE(1, FILE_BODY), STORE(0, 300), WAIT,
	    DEFER(1, 0), WARN(1), WAIT, ROLL(20, 36), END(1), WAIT } },
	{ "stay and be indexed", 0, { FILL(20, 28), WAIT, END(22), WAIT,
	    RESTART, DEFER(21, 0), WAIT } },

	{ "route, clean, and take back", 0, { STORE(1, 300), STORE(0, 300),
	    WAIT, ROUTE(1), ROUTE(0), WAIT, NORMAL(0), ROLL(20, 34),
	    NORMAL(1), WAIT, ROUTE(1), WAIT, RESTART, ROLL(20, 6), END(1),
	    WAIT } },

	/* what fails */
	{ "a sync fails", 0, { STORE(0, 300), WAIT, FAIL(DATASYNC),
	    STORE(1, 300), WAIT, STORE(2, 300), WAIT } },
	{ "a sync fails under several", 0, { STORE(0, 300), WAIT,
	    FAIL(DATASYNC), STORE(1, BLOCKS), GO_ON(2), STORE(2, BLOCKS),
	    DEFER(0, 0), WAIT, STORE(3, 300), WAIT } },
	{ "a sync of a result fails", 0, { STORE(0, 300), STORE(1, 300),
	    WAIT, FAIL(DATASYNC), DEFER(0, 0), HOLD(1), WAIT, END(1),
	    WAIT } },
	{ "a sync of an end fails", 0, { STORE(0, 300), WAIT, FAIL(DATASYNC),
	    END(0), WAIT, STORE(2, 300), WAIT } },
	{ "a failed segment goes", 0, { STORE(0, 300), STORE(2, 300), WAIT,
	    FAIL(DATASYNC), STORE(1, 300), WAIT, END(0), WAIT, ROLL(20, 9),
	    END(2), ROLL(30, 4) } },
	{ "a write fails", 0, { STORE(0, 300), WAIT, FAIL(WRITE),
	    STORE(1, BLOCKS), WAIT, STORE(2, 300), WAIT } },
	{ "a sync of a file fails", 0, { FAIL(SYNC), STORE(0, FILE_BODY),
	    WAIT, STORE(1, 300), WAIT } },
	{ "a link fails", 0, { FAIL(LINK), STORE(0, FILE_BODY), WAIT,
	    STORE(1, 300), WAIT } },
	{ "a new segment fails", 0, { STORE(0, 300), WAIT, FAIL(RENAME),
	    FILL(20, 6), WAIT, END(0), WAIT } },
	{ "a sync fails, then the power", 0, { STORE(0, 300), WAIT,
	    FAIL(DATASYNC), STORE(1, 300), GO_ON(12), CUT, STORE(2, 300),
	    WAIT, END(0), WAIT } },

	{ "refused, then a kill", 0, { STORE(0, 300), WAIT, FAIL(DATASYNC),
	    STORE(1, BLOCKS), STORE(2, BLOCKS), WAIT, KILL, STORE(3, 300),
	    WAIT } },
	{ "ended, then a kill", 0, { STORE(0, BLOCKS), STORE(1, BLOCKS), WAIT,
	    END(0), WAIT, END(1), WAIT, KILL, STORE(3, 300), WAIT } },
	{ "a sync fails, then a kill", 0, { STORE(0, 300), WAIT,
	    FAIL(DATASYNC), STORE(1, 300), DEFER(0, 0), GO_ON(12), KILL,
	    STORE(2, 300), WAIT, END(0), WAIT } },
	{ "a sync of an end fails, then a kill", 0, { STORE(0, 300),
	    STORE(1, 300), WAIT, FAIL(DATASYNC), END(0), HOLD(1), GO_ON(12),
	    KILL, STORE(2, 300), WAIT } },
	{ "a sync fails and a segment more", 0, { FILL(20, 3), WAIT,
	    FAIL(DATASYNC), FILL(23, 7), GO_ON(30), KILL, STORE(0, 300),
	    WAIT, END(20), WAIT } },

	/* the files beside the log */
	{ "pauses", 0, { PAUSE, WAIT, STORE(0, 300), PAUSE, WAIT, PAUSE,
	    PAUSE, WAIT } },
	{ "pauses that are not kept", 0, { PAUSE, WAIT, FAIL(SYNC), PAUSE,
	    WAIT, PAUSE, WAIT, FAIL(RENAME), PAUSE, WAIT, FAIL(WRITE),
	    PAUSE, WAIT, PAUSE, WAIT } },
	{ "pauses after starts", 0, { PAUSE, WAIT, RESTART, PAUSE, GO_ON(4),
	    KILL, PAUSE, WAIT, PAUSE, GO_ON(3), CUT, PAUSE, WAIT } },
	{ "counters", 0, { COUNT, WAIT, COUNT, WAIT, STORE(0, 300), COUNT,
	    WAIT } },
	{ "counters that are not kept", 0, { COUNT, WAIT, COUNT, WAIT,
	    FAIL(DATASYNC), COUNT, WAIT, COUNT, WAIT, COUNT, WAIT,
	    FAIL(RENAME), COUNT, WAIT, COUNT, WAIT, FAIL(WRITE), COUNT, WAIT,
	    COUNT, WAIT } },
	{ "counters after starts", 0, { COUNT, WAIT, COUNT, GO_ON(3), KILL,
	    COUNT, WAIT, COUNT, WAIT, RESTART, COUNT, WAIT, COUNT, GO_ON(4),
	    CUT, COUNT, WAIT, COUNT, WAIT } },

	/* one process after another */
	{ "restart", 0, { STORE(0, 300), STORE(1, 300), WAIT, DEFER(0, 0),
	    RESTART, END(1), DEFER(0, 0), WAIT, CLOSE } },
	{ "killed", 0, { STORE(0, 300), WAIT, STORE(1, BLOCKS), GO_ON(5),
	    KILL, STORE(2, 300), WAIT } },
	{ "killed often", 0, { STORE(0, 300), WAIT, KILL, STORE(1, 300), WAIT,
	    DEFER(1, 0), WAIT, KILL, END(0), WAIT, KILL, STORE(2, 300),
	    WAIT } },
	{ "killed with a file", 0, { STORE(0, FILE_BODY), GO_ON(14), KILL,
	    STORE(2, FILE_BODY), WAIT, END(2), WAIT } },
	{ "killed with results", 0, { STORE(1, 300), WAIT, DEFER(1, 0), WAIT,
	    DONE(1, 1), GO_ON(2), KILL, STORE(0, 300), WAIT } },
	{ "power lost twice", 0, { STORE(0, 300), STORE(1, 300), WAIT,
	    STORE(2, BLOCKS), GO_ON(6), CUT, STORE(3, 300), WAIT, DEFER(0, 0),
	    GO_ON(5), CUT, STORE(4, 300), WAIT, END(0), WAIT } },
	{ "power lost while recycling", 0, { ROLL(20, 10), STORE(0, 300),
	    WAIT, ROLL(31, 7), GO_ON(7), CUT, STORE(1, 300), WAIT,
	    ROLL(40, 6) } },
};

const size_t	 scripts_n = sizeof(scripts) / sizeof(scripts[0]);
