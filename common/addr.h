/*
 * Mail addresses: the paths of MAIL and RCPT (RFC 5321 4.1.2), addresses in
 * configuration and tables, and xtext (RFC 3461 4).  Parsing takes time in
 * proportion to its input, neither recurses nor allocates, and writes only
 * into memory that the caller brings.
 */
#ifndef ADDR_H
#define ADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "domain.h"
#include "str.h"

/* with the brackets and a source route: RFC 5321 4.5.3.1.3 */
#define ADDR_PATH_MAX		256
/*
 * RFC 5321 4.5.3.1.1: what everybody must accept.  Not enforced on input:
 * list software packs the recipient into its return paths and goes beyond
 * it, and refusing those would lose mail that all others take.  The path
 * limit bounds them.  Local parts that we make ourselves keep to it.
 */
#define ADDR_LOCAL_MAX		64
/* The memory one parsed address needs: an unquoted local part and a domain. */
#define ADDR_STORE_MAX		(ADDR_PATH_MAX + DOMAIN_MAX)
/* The longest canonical form: every octet of the local part quoted. */
#define ADDR_TEXT_MAX		(2 * ADDR_PATH_MAX + 3 + DOMAIN_MAX)

/*
 * The null path <> has neither part.  <postmaster> and names from tables
 * have no domain.  An empty local part before a domain ("" in quotes) is
 * odd but legal.
 */
struct addr {
	struct str	local;		/* unquoted; its case is kept */
	struct str	domain;		/* lower case, or a canonical literal */
};

/* What a parser accepts beside local@domain. */
#define ADDR_NULL	0x01	/* <> */
#define ADDR_POSTMASTER	0x02	/* postmaster, any case, without a domain */
#define ADDR_BARE	0x04	/* any local part without a domain */
#define ADDR_LENIENT	0x08	/* blanks before the path, no brackets, and
				   dots anywhere in the local part */
#define ADDR_UTF8	0x10	/* UTF-8 in the local part: RFC 6531 3.3 */
#define ADDR_ULABEL	0x20	/* and in the domain, which is then as it was
				   written, for the caller to look at */

enum addr_result {
	ADDR_OK,
	ADDR_BAD_SYNTAX,
	ADDR_BAD_OCTET,		/* a control, NUL, 8-bit without ADDR_UTF8 */
	ADDR_BAD_DOMAIN,	/* domain or literal, also in a source route */
	ADDR_NO_DOMAIN,		/* and the flags do not allow that */
	ADDR_TOO_LONG		/* beyond ADDR_PATH_MAX */
};

/* A short text for a reply or an error message: "address too long". */
const char	*addr_result_text(enum addr_result);

/*
 * Parses the path at the front of *in, which begins behind "FROM:" or
 * "TO:".  A source route is checked and dropped (RFC 5321 appendix C).  On
 * success *in is what follows: empty, or parameters with blanks before
 * them.  *in and *out are otherwise unchanged.  *out borrows store.
 */
enum addr_result addr_parse_path(struct str *in, unsigned flags,
		    char store[ADDR_STORE_MAX], struct addr *out);
/* The whole of text is an address without brackets: for tables. */
enum addr_result addr_parse(struct str text, unsigned flags,
		    char store[ADDR_STORE_MAX], struct addr *out);

static inline bool
addr_is_null(const struct addr *a)
{
	return a->local.n == 0 && a->domain.n == 0;
}

/* The local part exactly, the domain without case. */
bool		 addr_equal(const struct addr *, const struct addr *);
/* -1 when the arena is full; *to is then the null path. */
int		 addr_copy(struct addr *to, const struct addr *from,
		    struct arena *);

/*
 * The canonical form, quoted only where it must be; nothing for the null
 * path, no "@" without a domain.  What was printed parses to the same
 * address.  -1 when the buffer has failed.
 */
int		 addr_put(struct buf *, const struct addr *);
int		 addr_put_local(struct buf *, struct str local);

/*
 * xtext.  Encoding takes any octets; decoding is its inverse and returns -1
 * (with the buffer as before) for what is not xtext: a "+" without two
 * upper-case hexadecimal digits, "=", or anything outside "!" to "~".
 */
int		 addr_xtext_put(struct buf *, struct str);
int		 addr_xtext_decode(struct buf *, struct str xtext);

/*
 * What xtext is for addresses of the type utf-8 (RFC 6533 3).  Encoding takes
 * well-formed UTF-8, and gives utf-8-addr-xtext if ascii is set, else
 * utf-8-addr-unitext; decoding takes either, and returns -1 (with the buffer
 * as before) for what is neither or means a blank or a control character.
 */
int		 addr_unitext_put(struct buf *, struct str, bool ascii);
int		 addr_unitext_decode(struct buf *, struct str);

/*
 * The length of the well-formed UTF-8 character (RFC 3629 4) of more than
 * one octet at the front of s; 0 if there is none.
 */
size_t		 addr_utf8_char(struct str s);

#endif
