/*
 * The one transaction that a session may have open: from MAIL to its end.
 * The texts of it are parts of one buffer of the session's.
 */
#ifndef MAIL_H
#define MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope.h"
#include "bounds.h"
#include "msgid.h"
#include "str.h"

struct session;

/* The names and addresses of an envelope; each recipient at its longest. */
#define ENVELOPE_TEXT_MAX	(HELO_MAX + ADDRESS_MAX + ENVID_MAX + \
	RCPTS_MAX * (ADDRESS_MAX + NAME_MAX_LEN + ORCPT_MAX))
/* Buffers above it are not kept from one message to the next. */
#define KEEP_MAX	1024

/* A part of the envelope's text, which may move. */
struct span {
	uint32_t	 at;
	uint32_t	 len;
};

/*
 * A recipient.  Its texts stand behind each other: the address, then what
 * the sender called it (RFC 3461 4.2), type and address.
 */
struct rcpt {
	uint32_t	 at;
	uint16_t	 address_len;
	uint16_t	 type_len;	/* 0: no ORCPT */
	uint16_t	 orcpt_len;
	uint8_t		 notify;	/* NOTIFY_ bits */
};

/* The transaction: everything between MAIL and its end. */
struct mail {
	struct msgid	 id;
	struct span	 sender;
	enum body_type	 body_type;
	bool		 utf8;		/* SMTPUTF8: RFC 6531 */
	enum dsn_ret	 ret;
	struct span	 envid;
	struct rcpt	*rcpts;		/* accepted ones, then asked ones */
	size_t		 n_rcpts;	/* accepted */
	size_t		 n_asked;	/* queued is to decide about these */
	size_t		 n_results;	/* what aliases make of the accepted */
	size_t		 size;		/* of rcpts */
	uint64_t	 arrived;	/* seconds of UTC */
};

/* Keeps a text with the envelope; -1 when there is no memory for it. */
int		 mail_keep(struct session *, struct str, struct span *);
/* Borrowed: until something is kept. */
struct str	 mail_text(const struct session *, struct span);
/* The texts of a recipient, borrowed alike. */
struct str	 mail_rcpt(const struct session *, size_t i);
void		 mail_recipient(const struct session *, size_t i,
		    struct recipient *);
/* What the client calls itself. */
struct str	 mail_helo(const struct session *);
/* Ends the transaction, if there is one, and forgets all of it: the one way
 * for RSET, EHLO, the end of DATA and the end of the session. */
void		 envelope_reset(struct session *);

#endif
