/*
 * The spool: every durable step of the queue, by name.  Knows records and
 * segments; knows no route, schedule or peer.  Its root directory is the
 * process's own root.  Nothing here waits for a disk in the loop: writing,
 * syncing, cold reading and unlinking are done by threads that
 * spool_threads starts before the jail closes; their completions come back
 * into the loop.
 *
 * The format is in postern-spool(5); the states of a message are
 *
 *	(nothing) -MESSAGE-> live -RESULT-> live ... -GONE-> (nothing)
 *			       |  ^
 *			      HOLD/RELEASE, ROUTE
 *
 * and CANCEL undoes a MESSAGE whose batch could not be synced.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "envelope.h"
#include "messages.h"
#include "msgid.h"
#include "str.h"

struct event_base;

/* Where the newest MESSAGE record of a message is. */
struct spool_place {
	uint32_t	 segment;	/* number of the segment */
	uint32_t	 offset;	/* of the record, in octets */
};

/* What is durable about one recipient; kept in RESULT records. */
enum spool_rcpt_state { SPOOL_WAITING, SPOOL_DONE, SPOOL_RCPT_STATE_N };

#define FIELDS_spool_rcpt(F)						\
	F(U16,	index)			/* in the envelope */		\
	F(ENUM,	state, spool_rcpt_state, SPOOL_RCPT_STATE_N)		\
	F(U32,	tries)							\
	F(U64,	next_try)		/* seconds of UTC; WAITING */	\
	F(STR,	code, STATUS_CODE_MAX)	/* of the last result */	\
	F(STR,	reply, REPLY_TEXT_MAX)

FIELDS_DECLARE(spool_rcpt)

/* One live message as recovery finds it; all borrowed. */
struct spool_message {
	struct spool_place	 place;
	const struct envelope	*envelope;
	uint64_t		 size;		/* header and body, octets */
	bool			 held;
	bool			 warned;	/* a delay was reported */
	/* as rcpts; empty: as the tables say.  NULL: all of them do */
	const struct str	*vias;
	/* by index in the envelope; one for each recipient */
	const struct spool_rcpt	*rcpts;
};

#define SPOOL_SEGMENT_MIN	(64u << 10)
#define SPOOL_SEGMENT_MAX	(1u << 30)

struct spool_limits {
	uint64_t	 segment_size;	/* octets, a multiple of 4096 */
	uint64_t	 reserve;	/* octets that stay free on the disk */
};

struct spool_content {
	struct str	 header;	/* borrowed during the callback */
	struct str	 body;		/* or, if fd is not -1, all of fd */
	int		 fd;		/* read-only or sealed; taken */
};

/* --- start and stop --- */

/* Starts the threads.  Before the system-call filter; needs no directory. */
void	 spool_threads(void);
/*
 * Opens or creates the spool in the current root, reads it, puts what is
 * damaged aside, and calls found once for each live message, oldest first;
 * found may call spool_result and spool_mark, nothing else here.
 * 0, or -1 with one line in why (not writable, unknown version, in use).
 */
int	 spool_open(struct event_base *, const struct spool_limits *,
	    void (*found)(const struct spool_message *), char *why, size_t);
/* Writes and syncs what is open, then calls done; nothing new is taken. */
void	 spool_stop(void (*done)(void));
/*
 * Waits for the threads and forgets everything, written or not; spool_open
 * may follow.  For tests and tools: a process that ends need not call it.
 */
void	 spool_close(void);

/* --- taking mail --- */

/* STORE_OK, or why no mail can be taken now (the disk, an I/O error). */
enum store_result spool_accepts(void);
/* Whether results can be recorded; while not, nothing should be delivered. */
bool	 spool_may_deliver(void);
/* A new file in tmp for a large body: its fd for the writer, and a number
 * for spool_store or spool_large_drop.  -1 with errno. */
int	 spool_large_open(uint32_t *large);
void	 spool_large_drop(uint32_t large);

/* Told when a record is durable or has failed for good. */
typedef void (*spool_stored)(void *arg, enum store_result,
	    const struct spool_place *);
typedef void (*spool_done)(void *arg, bool durable);

/*
 * Appends a MESSAGE record: the message is accepted once stored says
 * STORE_OK.  A refusal may be told before this returns.  All borrowed until
 * then.  The body is body, or the file large (not 0; taken), of which
 * large_size octets count.  A failed one is cancelled and never seen again.
 * The caller sees to it that no other message that lives, or is being stored,
 * has the same id.
 */
void	 spool_store(const struct envelope *, struct str header,
	    struct str body, uint32_t large, uint64_t large_size,
	    spool_stored, void *arg);

/* --- what happens to it --- */

/*
 * Appends a RESULT record for some recipients; gone: none is left, so the
 * message ends with it.  Rides on the next batch, at most SPOOL_LATE_MS.
 * done (may be NULL) is told when it is durable.
 */
#define SPOOL_LATE_MS	20
void	 spool_result(const struct msgid *, struct spool_place,
	    const struct spool_rcpt *, size_t n, bool gone, spool_done,
	    void *arg);

enum spool_mark { MARK_HOLD, MARK_RELEASE, MARK_WARNED };
void	 spool_mark(const struct msgid *, struct spool_place,
	    enum spool_mark, spool_done, void *arg);

/*
 * Appends a ROUTE record: these n recipients (at most RCPTS_MAX) go by via,
 * as nexthop_print writes it, or with an empty one as the tables say.
 */
void	 spool_route(const struct msgid *, struct spool_place,
	    const uint16_t *rcpts, size_t n, struct str via, spool_done,
	    void *arg);

/* --- reading it again --- */

typedef void (*spool_loaded)(void *arg, const struct spool_content *);
typedef void (*spool_envelope)(void *arg, const struct envelope *,
	    const struct spool_rcpt *states);

/*
 * Calls loaded, at once where it is in memory, else from the loop later;
 * with NULL when it cannot be read (logged).
 */
void	 spool_load(const struct msgid *, struct spool_place, spool_loaded,
	    void *arg);
/* The envelope alone; the same way.  states: NULL, the caller's job. */
void	 spool_load_envelope(const struct msgid *, struct spool_place,
	    spool_envelope, void *arg);

/*
 * The cleaner asks whether the message lives - from STORE_OK (or found) until
 * spool_result was called with gone - and, where place is not NULL, at that
 * place.  Without this function nothing is cleaned.
 */
void	 spool_on_clean(bool (*lives)(const struct msgid *,
	    const struct spool_place *));
/* A message was copied by the cleaner and is now there. */
void	 spool_on_move(void (*)(const struct msgid *, struct spool_place));

#endif
