/*
 * The last reply of each waiting part, for posternctl: texts are kept once
 * each, since a thousand messages wait for the same few reasons.  Bounded:
 * when REPLIES_MAX different ones are in use, a new one is not kept here
 * (the log and the spool have it).
 */
#ifndef REPLY_H
#define REPLY_H

#include <stdint.h>

#include "str.h"

#define REPLIES_MAX	4096
#define REPLY_NONE	0

/* Keeps text, or counts one more user of it; REPLY_NONE when full or empty. */
uint16_t	 reply_hold(struct str text);
/* One user less; REPLY_NONE may be given. */
void		 reply_drop(uint16_t reply);
struct str	 reply_text(uint16_t reply);

#endif
