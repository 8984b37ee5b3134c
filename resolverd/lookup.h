/*
 * Questions answered: from what needs no server, from the cache, or by a
 * query, which equal questions share.  The one way to an answer for the rest
 * of this process.
 *
 * Needs no server (RFC 6761, RFC 7686): localhost and names below it are
 * the loopback addresses; invalid and onion do not exist.
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include <sys/queue.h>

#include <stddef.h>
#include <stdint.h>

#include "conf.h"

#include "answer.h"
#include "question.h"

/* in flight at a time; each has a socket, and resolverd may open 4096 */
#define LOOKUPS_MAX	1024

struct event;
struct event_base;
struct lookup;

/* Someone who waits, in memory of his own. */
struct lookup_wait {
	void	(*answered)(void *arg, struct answer *);  /* borrowed */
	void	 *arg;
	struct lookup *lookup;		/* NULL: he does not wait */
	TAILQ_ENTRY(lookup_wait) next;
};

void		 lookup_setup(struct event_base *);
/*
 * Sets servers, times and the size of the cache; what is in flight goes on
 * as it was.  Copies.
 */
void		 lookup_configure(const struct conf *);

/*
 * The answer where it is known at once, the caller's reference.  NULL: it
 * comes to w->answered, later and once, or never after lookup_cancel.
 */
struct answer	*lookup(const struct question *, struct lookup_wait *w);
/* Nothing is done where it does not wait. */
void		 lookup_cancel(struct lookup_wait *);

/*
 * Assigns the event and sets it to the time that one question may take: for
 * asks of several questions.
 */
void		 lookup_deadline(struct event *,
		    void (*fn)(int fd, short what, void *arg), void *arg);

size_t		 lookup_in_flight(void);
/* Ends all queries without a word and forgets everything; for tests. */
void		 lookup_teardown(void);

#endif
