/*
 * What a power cut keeps of the operations that were pending: any of them, in
 * their order, and of a write any sectors.  Which cuts are tried.
 */
#ifndef CUT_H
#define CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "op.h"

#define CUT_SECTOR	512u	/* is written whole or not at all */

enum cut_kind {
	CUT_NOTHING,		/* nothing is kept */
	CUT_ALL,		/* all is */
	CUT_ALL_BUT,		/* the one */
	CUT_ALONE,		/* just the one */
	CUT_TORN,		/* all, but of the one only some sectors */
	CUT_RANDOM,
	CUT_KILL,		/* no cut: the process is killed, and all stays
				 * pending */
	CUT_KIND_N
};

struct cut {
	enum cut_kind	 kind;
	unsigned	 one;		/* index of a pending operation */
	uint64_t	 seed;		/* of TORN and RANDOM */
};

enum fate { FATE_LOST, FATE_KEPT, FATE_PARTLY };

/* of the ith pending operation */
enum fate	 cut_fate(const struct cut *, size_t i, const struct op *);
/*
 * Steps through the cuts that are tried where n operations are pending; a
 * struct cut of kind NOTHING and with a seed is the first.  False: that was
 * the last.
 */
bool		 cut_next(struct cut *, size_t n);
const char	*cut_name(enum cut_kind);

/* well mixed; the same on every machine */
uint64_t	 mix(uint64_t, uint64_t);

#endif
