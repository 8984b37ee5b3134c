/*
 * Between walk.c, which goes over the queue, and what is done with what it
 * finds: walk_rows.c, walk_change.c, walk_count.c.
 */
#ifndef WALK_IMPL_H
#define WALK_IMPL_H

#include <stddef.h>

#include "arena.h"

#include "mail.h"
#include "walk.h"

struct event;

struct walk_ops {
	/* Of a message that fits so far: its envelope is to be read, though
	 * the filter does not ask for it.  NULL: never. */
	bool	 (*wants_envelope)(const struct walk *, const struct mail *);
	/* It fits; e is NULL where nobody asked for it. */
	void	 (*found)(struct walk *, struct mail *,
		    const struct envelope *);
	/* No more needs to be looked at; NULL: all does. */
	bool	 (*is_over)(const struct walk *);
	/* All was looked at: answers, and calls walk_end now or later. */
	void	 (*answer)(struct walk *);
	void	 (*clear)(struct walk *);	/* what it owns; or NULL */
};

/* The first member of each kind's own structure. */
struct walk {
	const struct walk_ops	*ops;
	struct peer		*peer;		/* NULL: cancelled */
	uint32_t		 id;
	void			(*ended)(struct walk *);
	struct queue_filter	 filter;	/* strings in the arena */
	uint64_t		 cursor, last;
	struct event		*step;
	struct msgid		 current;	/* whose envelope is awaited */
	struct mail		*looked_at;	/* the same, while stepping */
	bool			 loading, stepping;
	bool			 over;		/* all were looked at */
	unsigned		 changes;	/* in this turn */
	unsigned		 undurable;	/* changes, so far */
	bool			 unkept;	/* one never will be durable */
	struct arena		 arena;
};

/* size: of the kind's own structure, zeroed. */
struct walk	*walk_new(size_t size, const struct walk_ops *, struct peer *,
		    uint32_t id, const struct queue_filter *,
		    void (*ended)(struct walk *));
/* The answer was sent. */
void		 walk_end(struct walk *);
void		 walk_free(struct walk *);
/* A change is under way until walk_durable is called, as a spool_done: the
 * answer waits for all. */
void		 walk_durable(void *walk, bool durable);
/* Of a change that is over: SHOW_OK, or SHOW_NOT_KEPT. */
enum show_result walk_kept(const struct walk *);

#endif
