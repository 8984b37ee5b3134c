/*
 * What a sender says about reports (RFC 3461 4): RET and ENVID of MAIL,
 * NOTIFY and ORCPT of RCPT.  Here is only their syntax; queued and deliverd
 * do what they say.
 */
#ifndef DSN_H
#define DSN_H

#include <stdint.h>

#include "smtp.h"
#include "str.h"

struct session;

/* Of one RCPT; the texts live until the next dsn_begin or the line's end. */
struct dsn_rcpt {
	uint8_t		 notify;	/* NOTIFY_ bits */
	struct str	 type, orcpt;	/* ORCPT, decoded; or empty */
};

/* Before the parameters of a RCPT, and behind them. */
void			 dsn_begin(void);
const struct dsn_rcpt	*dsn_rcpt(void);

/* One parameter, as struct path_param has it. */
const char	*dsn_take_ret(struct session *, const struct smtp_param *);
const char	*dsn_take_envid(struct session *, const struct smtp_param *);
const char	*dsn_take_notify(struct session *, const struct smtp_param *);
const char	*dsn_take_orcpt(struct session *, const struct smtp_param *);

#endif
