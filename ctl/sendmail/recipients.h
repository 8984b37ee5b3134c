/*
 * To whom the message goes, and what has become of each so far.
 */
#ifndef RECIPIENTS_H
#define RECIPIENTS_H

#include <stddef.h>

#include "addr.h"
#include "arena.h"
#include "str.h"

#define RECIPIENTS_MAX	10000	/* of one message; sent in several turns */

enum fate {
	FATE_WAITS,		/* not offered yet, or to be offered again */
	FATE_OFFERED,		/* accepted in the transaction under way */
	FATE_TAKEN,		/* the server has the message for it */
	FATE_REFUSED,		/* for good */
	FATE_TWICE		/* named before; nothing is to be done */
};

struct recipient {
	struct addr	addr;		/* no domain before recipients_settle */
	enum fate	fate;
};

struct recipients {
	struct recipient	*list;
	size_t			 n, size;
	struct arena		 arena;
};

enum recipients_result {
	RECIPIENTS_OK,
	RECIPIENTS_BAD,		/* not an address list */
	RECIPIENTS_TOO_MANY
};

void	 recipients_init(struct recipients *);
void	 recipients_clear(struct recipients *);

/* Adds all addresses of a list (addrlist.h). */
enum recipients_result recipients_add(struct recipients *, struct str text);

/*
 * Gives those without a domain this one, and finds those that were named
 * twice.  May be called again.  -1 without memory.
 */
int	 recipients_settle(struct recipients *, struct str host);

/* Those of the one fate have another from now on; how many they are. */
size_t	 recipients_turn(struct recipients *, enum fate from, enum fate to);
size_t	 recipients_count(const struct recipients *, enum fate);

#endif
