/*
 * A person's name as a display name in a header field.
 */
#ifndef PHRASE_H
#define PHRASE_H

#include "buf.h"
#include "str.h"

#define PHRASE_MAX	1000	/* octets of a name that are used */

/*
 * Appends the name as a phrase (RFC 5322 3.2.5): as it is, as a quoted
 * string, or for other than ASCII as encoded words (RFC 2047) of UTF-8.
 * Nothing it holds can end the field.  -1 when the buffer has failed.
 */
int	 phrase_put(struct buf *, struct str name);

#endif
