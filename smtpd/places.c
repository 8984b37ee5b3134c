/*
 * Counting places.  They are few bytes of their own, as they outlive their
 * sessions.
 */
#include "places.h"

#include <stdlib.h>

#include "clients.h"
#include "settings.h"

struct place {
	struct settings		*set;
	struct client_count	*count;
};

static size_t	 taken, places_max;

void
places_setup(size_t max)
{
	places_max = max;
}

bool
places_full(const struct settings *set)
{
	return (places_max != 0 && taken >= places_max) ||
	    (set->is.max_sessions != 0 &&
	    set->sessions >= set->is.max_sessions);
}

static bool
is_crowded(size_t n, size_t max)
{
	return max != 0 && n * 100 > max * CROWDED_PERCENT;
}

bool
places_crowded(const struct settings *set)
{
	return is_crowded(taken, places_max) ||
	    is_crowded(set->sessions, set->is.max_sessions);
}

uint32_t
places_shorter(const struct settings *set, uint32_t ms, uint32_t crowded_ms)
{
	if ((ms == 0 || ms > crowded_ms) && places_crowded(set))
		return crowded_ms;
	return ms;
}

struct place *
place_new(struct settings *set, struct client_count *count)
{
	struct place	*p = malloc(sizeof(*p));

	if (p == NULL) {
		clients_leave(&count);
		return NULL;
	}
	p->set = settings_hold(set);
	p->count = count;
	set->sessions++;
	taken++;
	return p;
}

void
place_leave(void *place)
{
	struct place	*p = place;

	if (p == NULL)
		return;
	taken--;
	p->set->sessions--;
	settings_drop(&p->set);
	clients_leave(&p->count);
	free(p);
}
