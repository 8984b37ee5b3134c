/*
 * What sessions need of the configuration of their listener, as a copy of
 * their own: a session keeps the settings that it began with, and the
 * configuration itself may be replaced beneath it.  Replies that are the
 * same for every client of a listener are made here, once.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <sys/queue.h>

#include <stdint.h>

#include "buf.h"
#include "conf.h"
#include "str.h"

/* The index of a listener that is no more: queued lets nobody relay by it. */
#define LISTENER_NONE	0xfffe

struct settings {
	unsigned		 refs;		/* sessions, and its maker */
	unsigned		 sessions;	/* places by max_sessions */
	uint32_t		 conf;		/* the configuration's number */
	uint16_t		 listener;	/* index in it */
	struct listener_conf	 is;		/* without lists, texts */
	uint32_t		 hop_limit;
	struct str		 hostname, name;
	struct buf		 text;		/* holds the two */
	struct buf		 banner;	/* "220 ..." with CRLF */
	struct buf		 ehlo, helo;	/* "250-..." with CRLF */
	LIST_ENTRY(settings)	 link;
};

/* Held once by the caller.  NULL without memory. */
struct settings	*settings_new(const struct conf *, uint16_t listener);
struct settings	*settings_hold(struct settings *);
/* Frees with the last; sets the pointer to NULL. */
void		 settings_drop(struct settings **);
/*
 * That configuration is in force: settings older than it get the index that
 * their listener has there, by its name and service.
 */
void		 settings_renumber(const struct conf *);

#endif
