/*
 * Internationalized domain names (RFC 5890 to 5893), by libidn2.  They are
 * turned into A-labels where they come in, so that nobody behind smtpd need
 * know of them (RFC 6531 3.7.1 leaves that to us).
 */
#ifndef IDN_H
#define IDN_H

#include "domain.h"
#include "str.h"

/*
 * Puts the A-labels of a name in UTF-8 into the caller's memory, of which
 * *name is then a part.  -1: it is no name that can be registered, or there
 * is no memory.
 */
int	idn_to_ascii(struct str text, char store[DOMAIN_MAX],
	    struct str *name);

#endif
