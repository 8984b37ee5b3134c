/*
 * What comes of a name and a password: the questions to state and to keyd
 * and what is made of their answers.  keyd is not asked while there were too
 * many wrong ones.
 *
 * They are counted twice: by state for all workers, whose word holds, and
 * here, for the time when there is no state.
 */
#include "login.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#include "auth_client.h"
#include "guess_client.h"
#include "secure.h"
#include "session.h"
#include "throttle.h"

#define NOT_NOW		"454 4.7.0 Cannot check that now, try again later"

static struct str
name_of(const struct session *s)
{
	return str_bytes(s->login->account, s->login->account_len);
}

struct str
login_account(const struct session *s)
{
	return s->login != NULL && s->login->done ? name_of(s) : STR_NONE;
}

const char *
login_log_text(const struct session *s)
{
	static char	 text[LOG_TEXT_MAX * 4 + 16];
	struct str	 account = login_account(s);

	text[0] = '\0';
	if (account.n != 0)
		snprintf(text, sizeof(text), " account=\"%s\"",
		    log_text(account));
	return text;
}

struct login *
login_begin(struct session *s, const char *method)
{
	if (s->login == NULL)
		s->login = calloc(1, sizeof(*s->login));
	if (s->login != NULL) {
		s->login->method = method;
		s->login->account_len = 0;
		s->login->taken = GUESS_REFUSED;
	}
	return s->login;
}

/* The password, if it was kept. */
static void
forget(struct login *l)
{
	if (l->password != NULL)
		sodium_memzero(l->password, l->password_len);
	free(l->password);
	l->password = NULL;
}

void
login_clear(struct session *s)
{
	if (s->login != NULL)
		forget(s->login);
	free(s->login);
	s->login = NULL;
}

static void
log_auth(const struct session *s, const char *status)
{
	log_info("auth client=%s listener=%.*s account=\"%s\" method=%s "
	    "status=%s tls=%s", session_client_text(s), STR_FMT(s->set->name),
	    log_text(name_of(s)), s->login->method, status, secure_text(s));
}

/* It is known what comes of it, and only what was wrong counts. */
static void
settle(struct session *s, enum guess_result result)
{
	if (s->login->counted)
		throttle_give(&s->client, name_of(s));
	if (result != GUESS_OPEN || s->login->taken != GUESS_REFUSED)
		guess_tell(s, result);
	s->login->counted = false;
	s->login->taken = GUESS_REFUSED;
}

/* It was no guess, as nothing was learnt from it: it counts here alone. */
void
login_wrong(struct session *s)
{
	uint32_t	 max = s->set->is.auth_failures;

	log_auth(s, "refused");
	settle(s, GUESS_OPEN);
	session_reply(s, "535 5.7.8 Authentication credentials invalid");
	if (++s->login->failures >= max && max != 0)
		session_close(s, "Too many wrong passwords, closing");
}

static void
wrong(struct session *s)
{
	settle(s, GUESS_WRONG);
	throttle_wrong(&s->client, name_of(s));
	login_wrong(s);
}

static void
right(struct session *s)
{
	log_auth(s, "ok");
	settle(s, GUESS_RIGHT);
	throttle_right(&s->client, name_of(s));
	s->login->done = true;
	session_reply(s, "235 2.7.0 Authentication successful");
}

/* Not now; but who asks all the time is told to go, as for an error. */
static void
unknown(struct session *s, const char *status)
{
	log_auth(s, status);
	settle(s, GUESS_OPEN);
	session_reply(s, NOT_NOW);
	s->errors++;
}

/* Refused is the question: keyd has no such table. */
void
login_checked(struct session *s, enum secret_result r)
{
	if (r == SECRET_OK)
		right(s);
	else if (r == SECRET_UNKNOWN)
		wrong(s);
	else
		unknown(s, "unavailable");
	session_wake(s);
}

/* True when keyd's answer will come. */
static bool
try(struct session *s, bool allowed, struct str password)
{
	if (!allowed)
		unknown(s, "throttled");
	else if (password.n == 0 || password.n > PASSWORD_MAX)
		login_wrong(s);
	else if (auth_ask(s, name_of(s), password) == 0) {
		s->login->counted = throttle_take(&s->client, name_of(s));
		return true;
	} else
		unknown(s, "unavailable");
	return false;
}

void
login_allowed(struct session *s, enum guess_verdict v)
{
	struct login	*l = s->login;
	bool		 allowed, asked;

	allowed = v != GUESS_VERDICT_N ? v != GUESS_REFUSED :
	    throttle_allows(&s->client, name_of(s));
	l->taken = v != GUESS_VERDICT_N ? v : GUESS_REFUSED;
	asked = try(s, allowed, str_bytes(l->password, l->password_len));
	forget(l);
	if (!asked)
		session_wake(s);
}

/* It waits for state's answer. */
static bool
keep(struct login *l, struct str password)
{
	if (password.n == 0 || password.n > PASSWORD_MAX ||
	    (l->password = malloc(password.n)) == NULL)
		return false;
	memcpy(l->password, password.p, password.n);
	l->password_len = password.n;
	return true;
}

void
login_check(struct session *s, struct str password)
{
	struct login	*l = s->login;

	if (l->account_len == 0)
		password.n = 0;
	if (keep(l, password) && guess_ask(s) == 0)
		session_wait(s, WAIT_AUTH);
	else {
		forget(l);
		if (try(s, throttle_allows(&s->client, name_of(s)), password))
			session_wait(s, WAIT_AUTH);
	}
}

/* Nobody has a name as long as that, or an empty one. */
void
login_name(struct session *s, struct str name)
{
	if (name.n > ACCOUNT_MAX)
		name.n = 0;
	memcpy(s->login->account, name.p, name.n);
	s->login->account_len = name.n;
}
