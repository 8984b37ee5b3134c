/*
 * Places: what connections take up of the limits, of the process, of their
 * listener and of their client.  A place is held until the descriptor is
 * closed, which may be later than the end of the session: a client that does
 * not go after QUIT keeps its own place and not an extra one.
 */
#ifndef PLACES_H
#define PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_count;
struct place;
struct settings;

/* Above it we are in a hurry: what is left is for those who are quick. */
#define CROWDED_PERCENT	80

/* How many the process has; 0: no limit. */
void		 places_setup(size_t max);
/* No more for that listener. */
bool		 places_full(const struct settings *);
/* More than CROWDED_PERCENT are taken. */
bool		 places_crowded(const struct settings *);
/* ms (0: for ever), or at most crowded_ms when there are few places left. */
uint32_t	 places_shorter(const struct settings *, uint32_t ms,
		    uint32_t crowded_ms);

/*
 * Takes one, and in every case the count, which may be NULL.  Holds the
 * settings.  NULL without memory.
 */
struct place	*place_new(struct settings *, struct client_count *);
/* Gives it back; fit for io_on_close.  NULL is none. */
void		 place_leave(void *place);

#endif
