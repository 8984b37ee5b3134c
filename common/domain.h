/*
 * The syntax of domain names as mail has them (RFC 5321 4.1.2), of address
 * literals (4.1.3) and of what clients say in EHLO.  Syntax only: whether a
 * name exists is for resolverd to say.
 *
 * Names are ASCII here, A-labels included.  U-labels (RFC 5890) are to be
 * turned into A-labels by domain_parse, under a flag of their own, before
 * anything else is checked; no other function need know of them.
 */
#ifndef DOMAIN_H
#define DOMAIN_H

#include <stdbool.h>

#include "netaddr.h"
#include "str.h"

#define DOMAIN_MAX		255	/* RFC 5321 4.5.3.1.2 */
#define DOMAIN_LABEL_MAX	63	/* RFC 1035 2.3.4 */

/* for domain_parse */
#define DOMAIN_FINAL_DOT	0x01	/* "example.org." loses its dot */

/*
 * Checks a name and lower-cases it into the caller's memory, of which *name
 * is then a part (no NUL behind it).  Labels are letters, digits, hyphens
 * not at either end, and underscores, which the RFC does not have but hosts
 * do.  -1 if it is not a name.
 */
int	domain_parse(struct str text, unsigned flags, char store[DOMAIN_MAX],
	    struct str *name);
/* The same check without a result; SMTP's rules, no flags. */
bool	domain_is_valid(struct str);

/*
 * "[192.0.2.1]" or "[IPv6:2001:db8::1]".  -1 for anything else, among them
 * the general literals of RFC 5321 4.1.3, of which none was ever registered.
 */
int	domain_literal_parse(struct str, struct netaddr *);
static inline bool
domain_is_literal(struct str s)
{
	return s.n != 0 && s.p[0] == '[';
}

/* Equal as names are: ASCII case does not count. */
bool	domain_equal(struct str, struct str);
/* name is parent or lies below it: "a.example.org" under "example.org" */
bool	domain_is_within(struct str name, struct str parent);

/*
 * The argument of HELO and EHLO.  RFC 5321 4.1.4 forbids refusing a client
 * for a name that does not fit its address, and many send names that are
 * none; so all that is printable and without blanks may pass as HELO_ODD.
 */
enum domain_helo {
	HELO_NAME,		/* a domain name */
	HELO_LITERAL,		/* an address literal */
	HELO_ODD,		/* neither, but harmless to repeat */
	HELO_GARBAGE		/* to be refused: 501 */
};
enum domain_helo domain_helo_check(struct str);

#endif
