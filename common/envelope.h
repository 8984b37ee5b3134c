/*
 * The envelope of a message (RFC 5321 2.3.1): what was said about it, apart
 * from its content.  One encoding for frames, the spool and lists.
 */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include "fields.h"
#include "bounds.h"

enum body_type { BODY_7BIT, BODY_8BITMIME, BODY_BINARYMIME, BODY_TYPE_N };

enum dsn_ret { RET_NONE, RET_FULL, RET_HDRS, DSN_RET_N };

/* RFC 3461 4.1; none set: the parameter was not given */
#define NOTIFY_NEVER	0x01
#define NOTIFY_SUCCESS	0x02
#define NOTIFY_FAILURE	0x04
#define NOTIFY_DELAY	0x08

/* One recipient: where it goes, and what its sender called it. */
#define FIELDS_recipient(F)						\
	F(STR,	address, ADDRESS_MAX)	/* local@domain, canonical */	\
	F(U8,	notify)			/* NOTIFY_ bits */		\
	F(STR,	orcpt_type, NAME_MAX_LEN) /* "rfc822"; empty: none */	\
	F(STR,	orcpt, ORCPT_MAX)	/* decoded xtext */

FIELDS_DECLARE(recipient)

#define FIELDS_envelope(F)						\
	F(ID,	id)							\
	F(U64,	arrived)		/* seconds of UTC */		\
	F(U64,	not_before)		/* the same: not sent before, as
					   RFC 4865 has it; 0: at once */ \
	F(STR,	sender, ADDRESS_MAX)	/* empty: the null path <> */	\
	F(ENUM,	body, body_type, BODY_TYPE_N)				\
	F(BOOL,	utf8)			/* SMTPUTF8, RFC 6531 */	\
	F(BOOL,	verified)		/* its sender is known to be who it
					   says: reports may go there */ \
	F(ADDR,	client)			/* family 0: made here */	\
	F(STR,	helo, HELO_MAX)						\
	F(STR,	account, ACCOUNT_MAX)	/* authenticated; or empty */	\
	F(U16,	listener)		/* its index in the configuration */ \
	F(ENUM,	ret, dsn_ret, DSN_RET_N)				\
	F(STR,	envid, ENVID_MAX)					\
	F(LIST,	rcpts, recipient, RCPTS_MAX)

FIELDS_DECLARE(envelope)

#endif
