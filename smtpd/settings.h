/*
 * What sessions need of the configuration of their listener, as a copy of
 * their own: a session keeps the settings that it began with, and the
 * configuration itself may be replaced beneath it.  Replies that are the
 * same for every client of a listener are made here, once.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "conf.h"
#include "str.h"

struct tls_server;

/* The index of a listener that is no more: queued lets nobody relay by it. */
#define LISTENER_NONE	0xfffe

struct settings {
	unsigned		 refs;		/* sessions, and its maker */
	unsigned		 sessions;	/* places by max_sessions */
	uint32_t		 conf;		/* the configuration's number */
	uint16_t		 listener;	/* index in it */
	struct listener_conf	 is;		/* without lists, texts */
	uint32_t		 hop_limit;
	struct tls_server	*tls;		/* NULL: there is none */
	struct str		 hostname, name;
	struct buf		 text;		/* holds the two */
	struct buf		 banner;	/* "220 ..." with CRLF */
	struct buf		 helo;		/* "250 ..." with CRLF */
	struct buf		 ehlo;		/* "250-..." but the last */
	LIST_ENTRY(settings)	 link;
};

/* Held once by the caller.  NULL without memory. */
struct settings	*settings_new(const struct conf *, uint16_t listener);
/*
 * Its TLS, where it is served in this process.  -1, with the reason in why,
 * when a certificate cannot be used.
 */
int		 settings_secure(struct settings *, const struct conf *,
		    char *why, size_t size);
/* TLS comes before anything else: RFC 8314 3.3. */
bool		 settings_are_implicit(const struct settings *);
/* TLS can be had now. */
bool		 settings_offer_tls(const struct settings *);
struct settings	*settings_hold(struct settings *);
/* Frees with the last; sets the pointer to NULL. */
void		 settings_drop(struct settings **);
/*
 * That configuration is in force: settings older than it get the index that
 * their listener has there, by its name and service, and that of its table.
 */
void		 settings_renumber(const struct conf *);

#endif
