/*
 * What it means to send mail for an address by another next hop than the
 * tables say.
 */
#ifndef ROUTER_VIA_H
#define ROUTER_VIA_H

#include "nexthop.h"
#include "str.h"

#include "route.h"

enum via_result {
	VIA_GOOD,
	VIA_NO_SERVICE,		/* no domain is delivered to that service */
	VIA_NO_PORT,		/* deliverd's jail does not let it there */
	VIA_NO_TLS		/* the address's route wants TLS, and there is
				 * none on the way */
};

/*
 * Whether mail for the address can go there, and by which spec (borrows).
 * A route of the configuration with the same next hop lends all it says; of
 * several, the one that demands most of TLS.  Without one the defaults hold,
 * with the times of the address's own route.  What that route demands of TLS
 * holds in any case.
 */
enum via_result	 router_via(const struct nexthop *, struct str address,
		    struct route_spec *);
/* Why it can be of no address; NULL: it can be of some. */
const char	*router_via_refusal(const struct nexthop *);

#endif
