/*
 * What is in memory of the waiting mail: one struct mail each, and in it
 * one struct part for each set of recipients that goes out together (a route
 * and a time).  Addresses, content and replies stay in the spool.
 *
 * A part is in exactly one state, and its owner follows from it:
 *
 *	STORING		new: its message is not yet durable; submit.c
 *	READY		in its route's queue; schedule.c
 *	DEFERRED	in the heap of times; schedule.c
 *	HELD		nowhere: its message is held
 *	ACTIVE		with a job or its outcome, or being routed anew
 *
 * A message is found by its id, and walked in the order of arrival by a
 * cursor that stays good while others come and go.
 *
 * Cost of a waiting message with one recipient, as test_schedule checks:
 * message and part, its entry in the order, a bucket and a place in the heap,
 * and its sender's turn while it is ready, are together below MAIL_COST_MAX
 * octets, also where each is of another sender.  They are items of slab.h.
 */
#ifndef MAIL_H
#define MAIL_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope.h"
#include "bounds.h"
#include "msgid.h"

#include "buckets.h"
#include "spool.h"

#define MAIL_COST_MAX	210	/* octets; of 250 that the design promises */

struct route;

enum part_state { PART_STORING, PART_READY, PART_DEFERRED, PART_HELD,
    PART_ACTIVE };

struct part {
	struct mail		*mail;
	struct part		*next;		/* of the same message */
	struct route		*route;		/* counted there */
	union {
		TAILQ_ENTRY(part) link;		/* READY */
		struct {
			uint32_t due_s;		/* by schedule_now() */
			uint32_t place;		/* in the heap */
		} heap;				/* DEFERRED */
	} in;
	uint32_t		 sender;	/* a keyed hash: whose turn it
						 * takes; here is room for it */
	uint16_t		 tries;
	uint16_t		 epoch;		/* routed by that router */
	uint16_t		 reply;		/* its last, reply.h */
	uint8_t			 n;		/* at most JOB_RCPTS_MAX */
	uint8_t			 room;		/* n at its beginning */
	uint8_t			 state : 7;	/* enum part_state */
	uint8_t			 refused : 1;	/* at its last try, all of it */
	uint8_t			 deaths;	/* of workers that had it */
	uint16_t		 rcpts[];	/* n, indexes in the envelope */
};

TAILQ_HEAD(part_queue, part);

#define MAIL_HELD	0x01
#define MAIL_WARNED	0x02	/* its sender knows of the delay */
#define MAIL_NULL	0x04	/* from <>: never reported on */
#define MAIL_REMOVED	0x08	/* ends with the jobs it is in */
#define MAIL_STORING	0x10	/* not yet durable: not in the queue */
#define MAIL_ENDED	0x20	/* the record that says so has been made */
#define MAIL_ROUND	0x40	/* round.c has something of it */
#define MAIL_UNVERIFIED	0x80	/* its sender may be somebody else */

struct mail {
	struct msgid		 id;
	struct spool_place	 place;
	uint64_t		 seq;		/* of arrival in this process */
	uint64_t		 arrived;	/* seconds of UTC */
	uint64_t		 size;
	struct bucket_link	 link;		/* by its id */
	struct part		*parts;
	uint32_t		 seen_s;	/* schedule_now() at arrival; 0:
						 * found in the spool */
	uint8_t			 flags;
};

/* How one recipient is to wait; what mail_plan makes parts of. */
struct plan {
	struct route	*route;
	uint32_t	 due_s;
	uint16_t	 tries;
	uint16_t	 index;
};

struct mail_totals {
	uint64_t	 messages, recipients;
};

/* A message without parts, known by its id from now on.  NULL: no memory. */
struct mail	*mail_new(const struct msgid *, uint64_t arrived,
		    uint64_t size, unsigned flags);
/* Frees it with its parts, none of which may be in a queue. */
void		 mail_free(struct mail *);
/*
 * Adds parts for n recipients (the array is put in their order), at most
 * JOB_RCPTS_MAX in each; they are STORING with their time in heap.due_s, for
 * schedule_mail.  sender: as in struct part.  -1: no memory, and no part was
 * added.
 */
int		 mail_plan(struct mail *, struct plan *, size_t n,
		    uint16_t epoch, uint32_t sender);
/* A part of the same kind with n of part's recipients, taken out of it.
 * NULL: no memory. */
struct part	*part_split(struct part *, const uint16_t *rcpts, size_t n);
/* Takes a recipient out; n may become 0. */
void		 part_drop(struct part *, uint16_t rcpt);
bool		 part_has(const struct part *, uint16_t rcpt);
/* Takes it out of its message and frees it; it may be in no queue. */
void		 part_free(struct part *);
/* The part of the message that has that recipient, or NULL. */
struct part	*mail_part(const struct mail *, uint16_t rcpt);

struct mail	*mail_find(const struct msgid *);
/* The first message with seq above cursor (0: of all), or NULL. */
struct mail	*mail_after(uint64_t cursor);
uint64_t	 mail_last_seq(void);
unsigned	 mail_waiting(const struct mail *);	/* recipients */
struct mail_totals mail_totals(void);
/* Octets that a waiting message of one recipient costs, where no other is of
 * the same sender. */
size_t		 mail_cost(void);

#endif
