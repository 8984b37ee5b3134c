/*
 * Requests awaiting an answer.  Each ends exactly once: answered, or lost
 * because the peer went or its time was over.  Ids are never 0 and are not
 * used again soon; looking one up takes constant time.
 */
#ifndef PENDING_H
#define PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PENDING_MAX	65536	/* of a channel, of all types together */

enum lost_why { LOST_PEER, LOST_TIMEOUT };

typedef void (*pending_lost)(void *asker, enum lost_why);

struct pending {
	uint32_t	 id;		/* 0: free */
	uint16_t	 answer;	/* the type that ends it */
	uint16_t	 asked;		/* the type that began it */
	bool		 forgotten;	/* nobody waits any more */
	uint64_t	 deadline_ms;	/* 0: none */
	pending_lost	 lost;
	void		*asker;
	uint32_t	 next_free;
};

struct pending_table {
	struct pending	*slots;
	size_t		 n_slots;
	size_t		 n_timed;	/* open ones with a deadline */
	uint32_t	 free;		/* first free slot + 1; 0: none */
};

void		 pending_init(struct pending_table *);
/* Ends what is open as lost, then frees. */
void		 pending_clear(struct pending_table *);
/* The new request's id, or 0 when PENDING_MAX are open or memory is out. */
uint32_t	 pending_add(struct pending_table *, uint16_t asked,
		    uint16_t answer, pending_lost, void *asker,
		    uint64_t deadline_ms);
/*
 * Takes out the request of that id that waits for that answer: 0 with its
 * asker (NULL when forgotten) and type asked, or -1 when there is none.
 */
int		 pending_take(struct pending_table *, uint32_t id,
		    uint16_t answer, void **asker, uint16_t *asked);
void		 pending_forget(struct pending_table *, uint32_t id);
/*
 * Ends those whose time is over at now_ms; they stay known as forgotten, as
 * their answers may still come.
 */
void		 pending_expire(struct pending_table *, uint64_t now_ms);
#endif
