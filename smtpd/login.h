/*
 * Who a session is, by AUTH: what a name and a password lead to.  How they
 * are said is in cmd_auth.c, and which fit is keyd's to say.
 */
#ifndef LOGIN_H
#define LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "messages.h"
#include "str.h"

struct session;

/* The line of an exchange that is waited for. */
enum auth_step { STEP_NONE, STEP_PLAIN, STEP_NAME, STEP_PASSWORD, STEP_N };

/* From the first AUTH of a session on. */
struct login {
	enum auth_step	 step;		/* cmd_auth.c */
	const char	*method;	/* its name, for ever */
	bool		 done;		/* it is who it says */
	bool		 counted;	/* by throttle_take */
	enum guess_verdict taken;	/* of this try; refused: not asked */
	uint32_t	 failures;
	size_t		 account_len;
	char		 account[ACCOUNT_MAX];
	/* while GUESS_TAKE is open: of malloc, wiped before it is freed */
	char		*password;
	size_t		 password_len;
};

/* Who it is; empty before AUTH.  Lives as long as the session. */
struct str	 login_account(const struct session *);
/* ` account="..."`, or "" */
const char	*login_log_text(const struct session *);

/* For another try; NULL without memory. */
struct login	*login_begin(struct session *, const char *method);
void		 login_name(struct session *, struct str);
/* With that name: the reply now, or when state and keyd have answered. */
void		 login_check(struct session *, struct str password);
/* It is wrong, and nobody needs to be asked. */
void		 login_wrong(struct session *);
/*
 * Whether it may be tried, by the counts of all workers; GUESS_VERDICT_N
 * when they are not to be had: then by those of this one.  Wakes s.
 */
void		 login_allowed(struct session *, enum guess_verdict);
/* keyd's answer; SECRET_BUSY when there is none.  Wakes s. */
void		 login_checked(struct session *, enum secret_result);
/* The session ends. */
void		 login_clear(struct session *);

#endif
