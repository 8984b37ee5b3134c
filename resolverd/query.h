/*
 * A question on its way: asked of one name server after the other, by UDP
 * and where needed TCP, until one knows, all have said that they do not, or
 * the time is over.
 */
#ifndef QUERY_H
#define QUERY_H

#include <stdint.h>

#include "answer.h"
#include "question.h"
#include "servers.h"

#define QUERY_FIRST_MS	1000	/* the first try: a packet may be lost */
#define QUERY_TRY_MS	3000	/* each later one; both are less when a
				 * quarter of the whole time is */
#define QUERY_TRIES	4

struct event_base;
struct query;

/*
 * Asks the servers (at least one; a reference is taken) for at most
 * timeout_ms in all.  done is called once, later, with an answer that is
 * done's from then on; the query is no more by then.  NULL without memory.
 */
struct query	*query_start(struct event_base *, struct servers *,
		    const struct question *, uint32_t timeout_ms,
		    void (*done)(void *arg, struct answer *), void *arg);
/* Ends it without a word; sets the pointer to NULL. */
void		 query_cancel(struct query **);

#endif
