/*
 * Which of the state records of a segment say nothing any more, because
 * others of the same segment say it anew: a message that has been tried fifty
 * times has one result that counts.  For the cleaner, which need not copy
 * them.  Touches nothing but what it is given, so a thread may use it.
 */
#ifndef STALE_H
#define STALE_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* One thing that a record says. */
struct fact {
	struct msgid	 id;
	uint64_t	 order;
	uint32_t	 about;		/* a recipient, or what else */
	uint32_t	 item;		/* who said so */
};

struct stale {
	struct fact	*list;
	size_t		 n, allocated;
};

/* How many facts the record that the caller knows as item holds; -1: no
 * memory. */
int	 stale_add(struct stale *, const struct record *, uint32_t item);
/* Calls old for each fact that another one replaces. */
void	 stale_tell(struct stale *, void (*old)(uint32_t item));
void	 stale_clear(struct stale *);

#endif
