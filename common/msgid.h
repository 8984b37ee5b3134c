/*
 * The identity of a message from its acceptance to its end: 128 random bits,
 * so that it is never used again, whatever dies.  As text: 26 letters and
 * digits in lower case, of which any unique prefix will do for posternctl.
 */
#ifndef MSGID_H
#define MSGID_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

#define MSGID_LEN	16
#define MSGID_TEXT_LEN	26	/* 128 bits, five a character */

struct msgid {
	uint8_t	 b[MSGID_LEN];
};

void		 msgid_new(struct msgid *);
/* one of four buffers used in turn, ended with a NUL */
const char	*msgid_text(const struct msgid *);
/* 0 when text is a whole id, else -1; either case is read */
int		 msgid_parse(struct msgid *, struct str text);
/* whether the id's text begins with prefix, in either case */
bool		 msgid_has_prefix(const struct msgid *, struct str prefix);
bool		 msgid_equal(const struct msgid *, const struct msgid *);

#endif
