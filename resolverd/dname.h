/*
 * Domain names as the DNS has them (RFC 1035 3.1): labels with their
 * lengths, uncompressed, here always in lower case so that equal names are
 * equal octets.  Compression is undone before anything comes here.
 */
#ifndef DNAME_H
#define DNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

#define DNAME_MAX	255	/* RFC 1035 2.3.4, the root's octet included */
#define DNAME_LABEL_MAX	63
#define DNAME_TEXT_MAX	254	/* of a name of DNAME_MAX: 253, or "." */

struct dname {
	uint8_t	 n;			/* at least 1: the root */
	uint8_t	 b[DNAME_MAX];
};

/*
 * From "example.org", with or without a final dot; "." is the root.  Labels
 * may hold any printable octet but dot and backslash: "_25._tcp.mx", and
 * what SPF macros make.  -1 when it is no such name or too long.
 */
int	dname_parse(struct dname *, struct str text);
/* From n uncompressed octets, all of them; -1 when they are not a name. */
int	dname_from_wire(struct dname *, const void *, size_t n);
/*
 * As text without a final dot, in the caller's memory; the root is ".".
 * STR_NONE when a label holds what dname_parse would not take.
 */
struct str dname_print(const struct dname *, char[DNAME_TEXT_MAX]);

bool	dname_equal(const struct dname *, const struct dname *);
/* The name is parent or lies below it. */
bool	dname_is_within(const struct dname *, const struct dname *parent);

#endif
