/*
 * STARTTLS (RFC 3207), and handshakes.  Until one is done, the session hears
 * nothing and says nothing; after it, it knows nothing of what was said in
 * clear, which anybody may have said.
 */
#include "secure.h"

#include <stdio.h>

#include "log.h"
#include "tls.h"

#include "command.h"
#include "listener.h"
#include "throttle.h"

#define LOG_TEXT_SIZE	128	/* a version and a cipher suite's name */

/*
 * A session that began before a reload has the certificates of then, whose
 * keys keyd may have no more; the listener's own are always good.
 */
static const struct settings *
secure_settings(const struct session *s)
{
	const struct settings	*now = listener_settings(s->set->listener);

	return now != NULL ? now : s->set;
}

bool
secure_is_offered(const struct session *s)
{
	return s->tls == TLS_OFF && settings_offer_tls(secure_settings(s));
}

/* ---- facts ------------------------------------------------------------- */

const char *
secure_cipher(const struct session *s)
{
	return s->tls == TLS_ON ? tls_facts(s->io)->cipher : NULL;
}

const char *
secure_text(const struct session *s)
{
	static char		 text[LOG_TEXT_SIZE];
	const struct tls_facts	*f;

	if (s->tls != TLS_ON)
		return "none";
	f = tls_facts(s->io);
	snprintf(text, sizeof(text), "%s cipher=%s", f->version,
	    f->cipher);
	return text;
}

static void
log_failed(const struct session *s, const char *why)
{
	log_info("tls client=%s listener=%.*s status=failed reason=\"%s\"",
	    session_client_text(s), STR_FMT(s->set->name),
	    log_text(str_of(why)));
}

void
secure_ended(const struct session *s)
{
	const char	*why = tls_why(s->io);

	if (why[0] != '\0')
		log_failed(s, why);
}

/* ---- the handshake ----------------------------------------------------- */

static void
on_done(void *arg, const struct tls_facts *f)
{
	struct session	*s = arg;

	session_secured(s);
	log_debug("tls client=%s listener=%.*s status=done tls=%s "
	    "sni=\"%s\" resumed=%d", session_client_text(s),
	    STR_FMT(s->set->name), secure_text(s), log_text(f->sni),
	    f->resumed);
}

/* A trusted client is one of ours. */
static bool
may_shake_hands(const struct session *s)
{
	if (s->trusted ||
	    throttle_handshake(&s->client, s->set->is.handshakes))
		return true;
	log_info("refuse client=%s code=454 reason=handshakes",
	    session_client_text(s));
	return false;
}

int
secure_begin(struct session *s)
{
	static const struct tls_ops	 ops = { .done = on_done };

	if (settings_are_implicit(s->set) && !may_shake_hands(s))
		return -1;
	if (tls_accept(s->io, secure_settings(s)->tls, &ops, s) == -1) {
		log_failed(s, "out of memory");
		return -1;
	}
	s->tls = TLS_HANDSHAKE;
	s->fresh = true;
	return 0;
}

/*
 * What stands behind STARTTLS was sent in clear, by the client or by somebody
 * between, to be obeyed under TLS (CVE-2011-0411).
 */
static void
refuse_injection(struct session *s)
{
	log_info("refuse client=%s code=501 reason=starttls-pipelined",
	    session_client_text(s));
	session_reply(s, "501 5.5.1 Nothing may follow STARTTLS in clear");
	s->closing = true;
}

void
secure_start(struct session *s, bool alone)
{
	if (!alone) {
		refuse_injection(s);
		return;
	}
	session_forget(s);
	session_reply(s, "220 2.0.0 Ready to start TLS");
	session_write(s);
	if (secure_begin(s) == -1)
		s->closing = true;
}

enum command_result
cmd_starttls(struct session *s, struct str arg)
{
	(void)arg;
	if (s->tls == TLS_ON)
		session_reply(s, "503 5.5.1 TLS is on already");
	else if (secure_settings(s)->tls == NULL)
		return cmd_not_implemented(s, arg);
	else if (!secure_is_offered(s) || !may_shake_hands(s))
		session_reply(s, "454 4.7.0 TLS not available now, try again "
		    "later");
	else
		return COMMAND_TLS;
	return COMMAND_DONE;
}
