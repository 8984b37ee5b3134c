/*
 * The ranges that were given up and are not yet told of.  They are few: those
 * that follow each other are one, so a disk that refuses everything for days
 * makes one of them.
 */
#include "claim.h"

#include <string.h>

#include "flusher.h"

#define TELL_MAX	(VOID_RANGES_MAX - 2)	/* two are left to merge */

static struct {
	uint64_t	 below;		/* of a start; else UINT64_MAX */
	uint64_t	 replaced;	/* below here, by what replaces */
	struct void_range ranges[VOID_RANGES_MAX];
	size_t		 n;
	size_t		 telling;	/* the first so many, in a VOID that is
					 * on its way */
} cm;

void
claim_begin(uint64_t below)
{
	memset(&cm, 0, sizeof(cm));
	cm.below = below;
}

void
claim_all(void)
{
	cm.below = UINT64_MAX;
}

uint64_t
claim_of(uint64_t first)
{
	uint64_t	 claim = first < cm.below ? first : cm.below;

	for (size_t i = 0; i < cm.n; i++)
		if (cm.ranges[i].first < claim)
			claim = cm.ranges[i].first;
	return claim;
}

/*
 * Room for one more: the last two, which no VOID on its way has, become one.
 * What lies between them would not be missed if it were lost.
 */
static void
merge_last(void)
{
	cm.ranges[cm.n - 2].last = cm.ranges[cm.n - 1].last;
	cm.n--;
}

void
claim_lost(uint64_t first, size_t n, uint64_t next)
{
	if (n == 0)
		return;
	cm.replaced = next;
	if (cm.n > cm.telling && cm.ranges[cm.n - 1].last + 1 == first) {
		cm.ranges[cm.n - 1].last += n;
		return;
	}
	if (cm.n == VOID_RANGES_MAX)
		merge_last();
	cm.ranges[cm.n++] = (struct void_range){ first, first + n - 1 };
}

void
claim_settled(uint64_t settled)
{
	static const struct entry	 e = { .kind = ENTRY_VOID };
	struct record_void		 v = { .ranges = cm.ranges };
	struct buf			*b;

	if (cm.n == 0 || cm.telling != 0 || settled < cm.replaced)
		return;
	v.n_ranges = cm.n < TELL_MAX ? cm.n : TELL_MAX;
	b = flusher_begin(RECORD_VOID, 0, 0, RECORD_HEADER +
	    sizeof(cm.ranges));
	if (b != NULL)
		record_void_put(b, &v);
	/* without memory: after the next flush */
	if (b != NULL && flusher_end(STR_NONE, STR_NONE, &e, false) == 0)
		cm.telling = v.n_ranges;
}

void
claim_told(bool durable)
{
	if (durable) {
		cm.n -= cm.telling;
		memmove(cm.ranges, cm.ranges + cm.telling,
		    cm.n * sizeof(cm.ranges[0]));
	}
	cm.telling = 0;
}
