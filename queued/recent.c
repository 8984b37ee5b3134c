/*
 * Sets of four, found by the id's hash; in each the oldest gives way.
 */
#include "recent.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "keyed.h"

#define WAYS	4
#define SETS	(RECENT_MAX / WAYS)

static struct msgid	 ids[SETS][WAYS];	/* the newest first */

static struct msgid *
set_of(const struct msgid *id)
{
	return ids[keyed_hash(id->b, sizeof(id->b)) % SETS];
}

void
recent_add(const struct msgid *id)
{
	struct msgid	*set = set_of(id);

	memmove(set + 1, set, (WAYS - 1) * sizeof(*set));
	set[0] = *id;
}

bool
recent_has(const struct msgid *id)
{
	const struct msgid	*set = set_of(id);

	for (size_t i = 0; i < WAYS; i++)
		if (msgid_equal(&set[i], id))
			return true;
	return false;
}
