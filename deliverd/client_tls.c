/*
 * What stands between the answer to EHLO and the first job: STARTTLS (RFC
 * 3207), as the route wants it, and then AUTH (client_auth.c).
 *
 * Nothing that was said before TLS counts after it: what had come with the
 * answer to STARTTLS is dropped, and the capabilities are those of the second
 * EHLO.
 */
#include "client_impl.h"

#include <stdarg.h>
#include <stdio.h>

#include "tls.h"

/* The words of a verdict, by what was wanted and by what it was. */
static const char *const	 wanted[TLS_LEVEL_N] = {
	[TLS_LEVEL_NONE] = "", [TLS_LEVEL_MAY] = "opportunistic",
	[TLS_LEVEL_ENCRYPT] = "encrypted", [TLS_LEVEL_VERIFY] = "verified",
};
static const char *const	 shown[] = {
	[TLS_CERT_NONE] = " without certificate",
	[TLS_CERT_UNTRUSTED] = " untrusted",
	[TLS_CERT_MISMATCH] = " mismatch",
	[TLS_CERT_VERIFIED] = " trusted",
};

void
client_protect(struct smtp_client *c, const struct client_wish *wish)
{
	c->wish = *wish;
	c->wish.name = STR_NONE;
	c->n_name = wish->name.n < sizeof(c->name) ? wish->name.n :
	    sizeof(c->name);
	if (c->n_name != 0)
		memcpy(c->name, wish->name.p, c->n_name);
	if (!wish->tls_first)
		return;
	client_take_expected(c);
	client_tls_start(c);
	client_expect(c, STAGE_GREETING);
	client_settle(c);
}

/* ---- TLS --------------------------------------------------------------- */

/* Where TLS is not demanded the owner may try without. */
static void __attribute__((format(printf, 3, 4)))
no_tls(struct smtp_client *c, const char *code, const char *fmt, ...)
{
	char	 text[256];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	outcome_say(&c->why, RCPT_DEFERRED, code, "%.*s: %s",
	    (int)c->n_host, c->host, text);
	client_end(c, c->wish.level == TLS_LEVEL_MAY && !c->wish.tls_first ?
	    CLIENT_NO_TLS : CLIENT_REFUSED);
}

static void
note_verdict(struct smtp_client *c, const struct tls_facts *facts)
{
	bool	 show = c->wish.level != TLS_LEVEL_VERIFY;

	c->verified = facts->cert == TLS_CERT_VERIFIED;
	snprintf(c->verdict, sizeof(c->verdict), "%s %s %s%s",
	    wanted[c->wish.level], facts->version, facts->cipher,
	    show ? shown[facts->cert] : "");
}

static void
on_handshake_done(void *arg, const struct tls_facts *facts)
{
	struct smtp_client	*c = arg;

	client_take_expected(c);
	note_verdict(c, facts);
	c->secured = true;
	if (c->wish.level == TLS_LEVEL_VERIFY && !c->verified)
		no_tls(c, "4.7.5", "certificate not verified: %s",
		    facts->cert == TLS_CERT_NONE ? "there is none" :
		    facts->cert_why);
	else if (!c->wish.tls_first)
		client_send_hello(c, true);
	client_settle(c);
}

static const struct tls_ops	 tls_ops = { on_handshake_done };

void
client_tls_start(struct smtp_client *c)
{
	struct tls_client	*tls = c->ops->tls();
	struct str		 name = { c->name, c->n_name };

	client_expect(c, STAGE_HANDSHAKE);
	c->moved = true;
	c->dropped = true;
	if (tls == NULL || tls_connect(c->io, tls, name, &tls_ops, c) == -1)
		no_tls(c, "4.3.0", "out of memory for TLS");
}

bool
client_tls_broken(struct smtp_client *c, enum io_end how)
{
	const char	*why = tls_why(c->io);

	if (c->over || c->n_expect == 0 ||
	    c->expect[c->first] != STAGE_HANDSHAKE)
		return false;
	no_tls(c, "4.7.5", "TLS handshake failed: %s",
	    how == IO_TIMEOUT ? "timeout" : why[0] != '\0' ? why :
	    "connection lost");
	return true;
}

void
client_tls_refused(struct smtp_client *c)
{
	struct outcome	 said;

	outcome_reply(&said, &c->reply);
	no_tls(c, "4.7.4", "STARTTLS refused: %u %s %.*s",
	    said.reply_code, said.code, (int)said.n, said.text);
}

/* ---- before the first job ---------------------------------------------- */

static void
say_starttls(struct smtp_client *c)
{
	if (io_write(c->io, str_of("STARTTLS\r\n")) == -1)
		client_fail(c, "4.4.2", "cannot write to the connection");
	client_expect(c, STAGE_STARTTLS);
	c->moved = true;
}

void
client_hello_done(struct smtp_client *c)
{
	bool	 has_tls = (c->caps.flags & SMTP_CAP_STARTTLS) != 0;

	if (!c->secured && c->wish.level != TLS_LEVEL_NONE && has_tls)
		say_starttls(c);
	else if (!c->secured && c->wish.level > TLS_LEVEL_MAY)
		no_tls(c, "4.7.4", "it does not offer STARTTLS, without "
		    "which no mail may go there");
	else if (c->wish.login)
		client_auth_begin(c);
	else
		c->ready = true;
}
