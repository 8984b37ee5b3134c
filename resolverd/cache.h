/*
 * The cache of answers: by question, in a keyed hash, bounded in entries and
 * in octets; the one that was not asked for longest goes first.  Answers
 * that must not be kept (TTL 0) are not, and those that have expired stay a
 * while for when no server answers (RFC 8767).
 */
#ifndef CACHE_H
#define CACHE_H

#include <sys/queue.h>

#include <stddef.h>
#include <stdint.h>

#include "answer.h"
#include "question.h"

#define CACHE_STALE_MS		(5 * 60 * 1000)	/* kept behind its expiry */
#define CACHE_STALE_AGAIN_MS	(30 * 1000)	/* RFC 8767 5: before the
						 * servers are asked again */
/* memory: this times the entries; a mail host's answer is under 400 */
#define CACHE_ENTRY_MEAN	1024

struct cache_entry;
TAILQ_HEAD(cache_list, cache_entry);

struct cache {
	size_t			 max;		/* entries */
	size_t			 n;
	size_t			 size;		/* octets of entries, answers */
	struct cache_entry	**buckets;
	size_t			 mask;		/* number of buckets - 1 */
	struct cache_list	 used;		/* the latest first */
};

void		 cache_init(struct cache *, size_t max);
void		 cache_clear(struct cache *);
/* Keeps what fits, the latest used. */
void		 cache_resize(struct cache *, size_t max);

/* Borrowed until the cache changes; NULL when there is none or it expired. */
struct answer	*cache_get(struct cache *, const struct question *);
/*
 * The servers failed: an answer that has expired lately, and is good again
 * for CACHE_STALE_AGAIN_MS.  NULL when there is none that would do; never a
 * failure, and never TLSA, where an old "none" would open a way round DANE.
 */
struct answer	*cache_get_stale(struct cache *, const struct question *);
/* Takes a reference of its own; replaces what was there. */
void		 cache_put(struct cache *, const struct question *,
		    struct answer *);

#endif
