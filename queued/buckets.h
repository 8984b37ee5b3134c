/*
 * A hash table that grows without ever standing still: with each item that
 * comes one bucket is split (linear hashing), so that there are as many as
 * items, and none is done over.
 */
#ifndef BUCKETS_H
#define BUCKETS_H

#include <stddef.h>
#include <stdint.h>

/* A member of the items. */
struct bucket_link {
	struct bucket_link	*next;
};

struct buckets {
	uint64_t		 (*hash)(const struct bucket_link *);
	struct bucket_link	**heads;
	size_t			 n;		/* buckets */
	size_t			 allocated;
	size_t			 level;		/* the power of two at or
						 * below n */
	size_t			 items;
};

/* hash says of an item what it is found by, and never anything else. */
#define BUCKETS_INIT(hash)	{ hash, NULL, 0, 0, 0, 0 }

/* Where the chain of that hash begins; NULL while nothing was put in. */
struct bucket_link	**buckets_find(const struct buckets *, uint64_t hash);
/* 0, or -1 without memory. */
int			  buckets_insert(struct buckets *,
			    struct bucket_link *);
/* It is in it. */
void			  buckets_remove(struct buckets *,
			    struct bucket_link *);

#endif
