/*
 * The wall clock decides, at the moment when the message would go: what was
 * reckoned from it before may have been wrong.
 */
#include "later.h"

#include <stdlib.h>

#include "clock.h"

#include "idmap.h"
#include "retry.h"
#include "schedule.h"

#define LOOK_S		3600	/* at most, until the clock is asked again */

struct later {
	uint64_t	 utc_s;
	uint32_t	 began_s;	/* by schedule_now(); 0: it has not */
};

/* before this process, for all it knows; schedule_now() is never less */
#define LONG_AGO	1

static struct idmap	 all;

int
later_set(const struct msgid *id, uint64_t utc_s)
{
	struct later	*l = calloc(1, sizeof(*l));

	if (l == NULL)
		return -1;
	l->utc_s = utc_s;
	if (utc_s <= (uint64_t)clock_wall())
		l->began_s = LONG_AGO;
	if (idmap_put(&all, id, l) == 0)
		return 0;
	free(l);
	return -1;
}

void
later_forget(const struct msgid *id)
{
	free(idmap_remove(&all, id));
}

uint64_t
later_utc(const struct msgid *id)
{
	const struct later	*l = idmap_get(&all, id);

	return l != NULL ? l->utc_s : 0;
}

uint32_t
later_due(const struct msgid *id)
{
	struct later	*l = idmap_get(&all, id);
	uint32_t	 now, due;

	if (l == NULL || l->began_s != 0)
		return 0;
	now = schedule_now();
	if (l->utc_s <= (uint64_t)clock_wall()) {
		l->began_s = now;
		return 0;
	}
	due = schedule_at(l->utc_s);
	return due - now < LOOK_S ? due : now + LOOK_S;
}

void
later_age(const struct msgid *id, struct age *a)
{
	const struct later	*l = idmap_get(&all, id);
	uint32_t		 here;

	if (l == NULL)
		return;
	if (a->arrived < l->utc_s)
		a->arrived = l->utc_s;
	if (l->began_s <= LONG_AGO)
		return;
	here = schedule_now() - l->began_s;
	if (here < a->here)
		a->here = here;
	a->found = false;
}
