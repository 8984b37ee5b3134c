/*
 * AUTH as a client (RFC 4954): PLAIN (RFC 4616), or LOGIN for servers that
 * have nothing else.  Only where the server has been verified by its
 * certificate: before that nobody asks for the password.
 *
 * What is to be said stands ready in memory that is not swapped and is wiped
 * when it is freed; io wipes what it has written with TLS.
 */
#include "client_impl.h"

#include <sodium.h>
#include <stdio.h>

#include "log.h"
#include "messages.h"

#define PLAIN_MAX	(ACCOUNT_MAX + PASSWORD_MAX + 2)
#define LINE_MAX_LEN	(sodium_base64_ENCODED_LEN(PLAIN_MAX,		\
			    sodium_base64_VARIANT_ORIGINAL) + 16)

/* One line behind the other, each said when the server asks for it. */
struct client_login {
	unsigned	 n, said;
	char		 plain[PLAIN_MAX];
	char		 lines[3][LINE_MAX_LEN];	/* with CRLF */
};

static void
refuse(struct smtp_client *c, const char *code, const char *why)
{
	outcome_say(&c->why, RCPT_DEFERRED, code, "%.*s: %s",
	    (int)c->n_host, c->host, why);
	client_end(c, CLIENT_REFUSED);
}

void
client_auth_end(struct smtp_client *c)
{
	sodium_free(c->login);
	c->login = NULL;
}

void
client_auth_begin(struct smtp_client *c)
{
	const char	*why;

	if (!c->verified)
		refuse(c, "4.7.0", "no login without a verified certificate");
	else if ((c->caps.auth & (SMTP_AUTH_PLAIN | SMTP_AUTH_LOGIN)) == 0)
		refuse(c, "4.7.4", "it offers no AUTH that we know (PLAIN, "
		    "LOGIN), but the route has credentials");
	else if ((why = c->ops->login(c->owner)) != NULL)
		refuse(c, "4.3.0", why);
}

/* ---- what is said ------------------------------------------------------ */

static void
add_line(struct client_login *l, const char *text)
{
	snprintf(l->lines[l->n++], LINE_MAX_LEN, "%s\r\n", text);
}

/* Behind what the line has already, which is not ended yet. */
static void
add_base64(struct client_login *l, const char *before, const void *p,
    size_t n)
{
	char	*line = l->lines[l->n++];
	size_t	 used = strlen(before);

	memcpy(line, before, used);
	sodium_bin2base64(line + used, LINE_MAX_LEN - used - 2, p, n,
	    sodium_base64_VARIANT_ORIGINAL);
	used = strlen(line);
	memcpy(line + used, "\r\n", 3);
}

/* With its first answer if the line is as short as any server must take
 * (RFC 5321 4.5.3.1.4). */
static void
prepare_plain(struct client_login *l, struct str user, struct str password)
{
	size_t	 n = user.n + password.n + 2;

	l->plain[0] = '\0';
	memcpy(l->plain + 1, user.p, user.n);
	l->plain[user.n + 1] = '\0';
	memcpy(l->plain + user.n + 2, password.p, password.n);
	if (sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_ORIGINAL) +
	    sizeof("AUTH PLAIN \r\n") <= SMTP_COMMAND_BASE) {
		add_base64(l, "AUTH PLAIN ", l->plain, n);
		return;
	}
	add_line(l, "AUTH PLAIN");
	add_base64(l, "", l->plain, n);
}

static void
prepare_login(struct client_login *l, struct str user, struct str password)
{
	add_line(l, "AUTH LOGIN");
	add_base64(l, "", user.p, user.n);
	add_base64(l, "", password.p, password.n);
}

/* -1 when all was said. */
static int
say_next(struct smtp_client *c)
{
	struct client_login	*l = c->login;

	if (l == NULL || l->said == l->n)
		return -1;
	if (io_write(c->io, str_of(l->lines[l->said++])) == -1)
		client_fail(c, "4.4.2", "cannot write to the connection");
	client_expect(c, STAGE_AUTH);
	c->moved = true;
	return 0;
}

void
client_login(struct smtp_client *c, struct str user, struct str password)
{
	if (user.n == 0 || password.n == 0 || user.n > ACCOUNT_MAX ||
	    password.n > PASSWORD_MAX ||
	    (c->login = sodium_malloc(sizeof(*c->login))) == NULL) {
		client_no_login(c, "the credentials cannot be used");
		return;
	}
	c->login->n = c->login->said = 0;
	if (c->caps.auth & SMTP_AUTH_PLAIN)
		prepare_plain(c->login, user, password);
	else
		prepare_login(c->login, user, password);
	say_next(c);
	client_settle(c);
}

void
client_no_login(struct smtp_client *c, const char *why)
{
	refuse(c, "4.3.0", why);
	client_settle(c);
}

/* ---- what is heard ----------------------------------------------------- */

void
client_hear_auth_ok(struct smtp_client *c)
{
	client_auth_end(c);
	c->ready = true;
}

void
client_hear_auth_more(struct smtp_client *c)
{
	if (c->reply.status.code != 334 || say_next(c) == -1)
		client_fail(c, "4.5.0", "reply %u to AUTH makes no sense here",
		    c->reply.status.code);
}

/* It may be mended by the postmaster, so no mail is returned for it. */
void
client_hear_auth_refused(struct smtp_client *c)
{
	char		 why[256];
	struct outcome	 said;

	client_auth_end(c);
	outcome_reply(&said, &c->reply);
	snprintf(why, sizeof(why), "it refuses our login: %u %s %.*s",
	    said.reply_code, said.code, (int)said.n, said.text);
	log_warn("login host=%.*s refused=\"%u %s %s\"", (int)c->n_host,
	    c->host, said.reply_code, said.code,
	    log_text(str_bytes(said.text, said.n)));
	refuse(c, "4.7.8", why);
}
