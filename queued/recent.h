/*
 * The messages that ended lately, so that an smtpd whose channel was lost can
 * still be told that its message had been stored.  A bounded memory: with
 * RECENT_MAX of them and a thousand ends a second, the last minute.
 */
#ifndef RECENT_H
#define RECENT_H

#include <stdbool.h>

#include "msgid.h"

#define RECENT_MAX	65536	/* 1 MiB, touched as it fills */

void	 recent_add(const struct msgid *);
bool	 recent_has(const struct msgid *);

#endif
