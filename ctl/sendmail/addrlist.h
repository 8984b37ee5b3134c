/*
 * Address lists as they stand in header fields (RFC 5322 3.4, and what of
 * 4.4 is still seen): display names, comments, groups, routes, folding.
 * What is an address, and in which form, is common/addr's to say; here is
 * only where it stands.
 */
#ifndef ADDRLIST_H
#define ADDRLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "str.h"

struct addrlist {
	struct str	text;		/* borrowed */
	size_t		at;		/* how far it has been read */
	bool		in_group;
};

struct addrlist_item {
	struct addr	addr;		/* no domain: it was not given */
	size_t		local_end;	/* where in the text it would follow */
};

/* text is a field's value, or an argument of the command line. */
void	 addrlist_init(struct addrlist *, struct str text);

/*
 * The next address.  1: there it is, in store; 0: no more; -1: this is not
 * an address list, and at says about where.  Time is in proportion to the
 * text, nothing is allocated, comments nest without recursion.
 */
int	 addrlist_next(struct addrlist *, char store[ADDR_STORE_MAX],
	    struct addrlist_item *);

#endif
