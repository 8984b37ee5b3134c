/*
 * AUTH (RFC 4954) with PLAIN (RFC 4616) and LOGIN, under TLS alone.  Every
 * line that may hold a password, and what is decoded from it, is wiped as
 * soon as it was used.
 */
#ifndef CMD_AUTH_H
#define CMD_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "smtp.h"
#include "str.h"

struct session;

/* EHLO may say AUTH. */
bool		 auth_is_offered(const struct session *);
/* The AUTH parameter of MAIL, as struct path_param has it: checked, but not
 * believed. */
const char	*auth_take_sender(struct session *,
		    const struct smtp_param *);

/* The next line is no command but an answer to a 334. */
bool		 auth_awaits_line(const struct session *);
/* That line. */
void		 auth_line(struct session *, struct str line);
/* The most octets that the line which in begins with may have. */
size_t		 auth_line_max(const struct session *, struct str in);
/* A line has more; whether it was one of AUTH, which has its reply then. */
bool		 auth_line_too_long(struct session *, struct str in);

/* Whether a line may hold a password, however it is answered. */
bool		 auth_is_secret(const struct session *, struct str line);
/* Writes over such a line where it lies, which io.h allows. */
void		 auth_wipe(struct str line);

#endif
