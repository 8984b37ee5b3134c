/*
 * RCPT (RFC 5321 4.1.1.3).  Whether a recipient may come in is queued's to
 * say, which has the tables; here is only its syntax, and the order of
 * replies.
 */
#include "cmd_rcpt.h"

#include <stdio.h>
#include <stdlib.h>

#include "addr.h"
#include "domain.h"
#include "io.h"
#include "log.h"

#include "command.h"
#include "dsn.h"
#include "path.h"
#include "queue_client.h"

#define RCPTS_FIRST	8	/* nearly every message */
#define CODE_MAX	(4 + STATUS_CODE_MAX + 1)	/* "550 5.1.1" */
#define TOO_MANY	"452 4.5.3 Too many recipients"

static const struct path_param params[] = {
	{ "NOTIFY", dsn_take_notify },
	{ "ORCPT", dsn_take_orcpt },
	{ NULL, NULL }
};

static const struct path_kind kind = {
	STR("TO:"), ADDR_POSTMASTER, "5.1.3", "RCPT TO:<address>"
};

/* What is said of each verdict, unless queued says it in its own words. */
static const struct {
	const char	*code;
	const char	*text;
	const char	*reason;	/* for the log */
} verdicts[RCPT_VERDICT_N] = {
	[RCPT_OK] = { "250 2.1.5", "Ok", "ok" },
	[RCPT_UNKNOWN] = { "550 5.1.1",
	    "Recipient refused: user unknown", "unknown-user" },
	[RCPT_NO_RELAY] = { "554 5.7.1",
	    "Recipient refused: relaying denied", "no-relay" },
	[RCPT_DENIED] = { "550 5.7.1",
	    "Recipient refused", "refused" },
	[RCPT_TEMPORARY] = { "451 4.3.0",
	    "Cannot check the recipient now, try again later", "temporary" },
	[RCPT_NO_SPACE] = { "452 4.3.1",
	    "Not enough storage now, try again later", "no-space" },
};

/* Room for one more; NULL without memory. */
static struct rcpt *
next_rcpt(struct mail *m)
{
	size_t		 n = m->n_rcpts + m->n_asked, size;
	struct rcpt	*grown;

	if (n == m->size) {
		size = m->size != 0 ? 2 * m->size : RCPTS_FIRST;
		grown = reallocarray(m->rcpts, size, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		m->rcpts = grown;
		m->size = size;
	}
	return &m->rcpts[n];
}

static int
add_asked(struct session *s, struct str address, const struct dsn_rcpt *dsn)
{
	struct rcpt	*r = next_rcpt(&s->mail);
	size_t		 before = s->text.len;
	struct span	 span;

	if (r == NULL)
		return -1;
	*r = (struct rcpt){ (uint32_t)before, (uint16_t)address.n,
	    (uint16_t)dsn->type.n, (uint16_t)dsn->orcpt.n, dsn->notify };
	if (mail_keep(s, address, &span) == -1 ||
	    mail_keep(s, dsn->type, &span) == -1 ||
	    mail_keep(s, dsn->orcpt, &span) == -1) {
		buf_truncate(&s->text, before);
		return -1;
	}
	s->mail.n_asked++;
	return 0;
}

/* A recipient that is refused before it was asked about: the reply has its
 * turn behind those that were. */
static enum command_result
refuse_now(struct session *s, const char *reply)
{
	if (s->mail.n_asked != 0)
		return COMMAND_AGAIN;
	if (s->phase == PHASE_MAIL)
		s->phase = PHASE_REFUSED;
	session_reply(s, reply);
	return COMMAND_DONE;
}

/*
 * RFC 5321 4.5.1: mail for Postmaster is always taken, also by who knows no
 * name of ours but the address that he connected to.
 */
static struct str
own_postmaster(const struct session *s, struct str address)
{
	static const struct str	 own = STR("postmaster"),
				 at_literal = STR("postmaster@[");
	struct netaddr		 addr;

	if (str_starts_nocase(address, at_literal) &&
	    domain_literal_parse(str_skip(address, own.n + 1), &addr) == 0 &&
	    netaddr_equal(&addr, io_local(s->io)))
		return own;
	return address;
}

enum command_result
cmd_rcpt(struct session *s, struct str arg)
{
	char		 why[PATH_REPLY_MAX];
	const char	*reply;
	struct str	 address, rest;

	if (path_parse(s, &kind, arg, &address, &rest, why) == -1)
		return refuse_now(s, why);
	if (!s->mail.utf8 && !str_is_ascii(arg))
		return refuse_now(s, PATH_NOT_UTF8);
	dsn_begin();
	if ((reply = path_params(s, params, rest)) != NULL)
		return refuse_now(s, reply);
	/* RFC 5321 4.5.3.1.10: those before it stay accepted */
	if (s->mail.n_rcpts + s->mail.n_asked >= s->set->is.max_rcpts)
		return refuse_now(s, TOO_MANY);
	if (add_asked(s, own_postmaster(s, address), dsn_rcpt()) == -1)
		return refuse_now(s,
		    "451 4.3.0 Out of memory, try again later");
	if (s->mail.n_asked == RCPT_BATCH_MAX)
		rcpt_ask(s);
	return COMMAND_DONE;
}

void
rcpt_ask(struct session *s)
{
	static struct rcpt_item	 items[RCPT_BATCH_MAX];
	struct mail		*m = &s->mail;

	for (size_t i = 0; i < m->n_asked; i++)
		items[i].address = mail_rcpt(s, m->n_rcpts + i);
	if (queue_check_rcpts(s, items, m->n_asked) == 0)
		session_wait(s, WAIT_RCPT);
	else
		rcpt_checked(s, NULL);
}

/* Keeps an accepted recipient; its texts move down over refused ones. */
static void
accept_rcpt(struct session *s, struct rcpt r, uint32_t *end)
{
	uint32_t	 n = (uint32_t)r.address_len + r.type_len + r.orcpt_len;
	char		*text = buf_data(&s->text);

	memmove(text + *end, text + r.at, n);
	r.at = *end;
	s->mail.rcpts[s->mail.n_rcpts++] = r;
	*end += n;
}

/* "550 5.1.1": queued's own, or what the verdict stands for. */
static const char *
answer_code(const struct rcpt_answer *a, char code[CODE_MAX])
{
	if (a->code < 400 || a->code > 599)
		return verdicts[a->verdict].code;
	snprintf(code, CODE_MAX, "%u %.*s", a->code, STR_FMT(a->status));
	return code;
}

static void
refuse_rcpt(struct session *s, struct str address,
    const struct rcpt_answer *a)
{
	char		 own[CODE_MAX];
	const char	*code = answer_code(a, own);
	struct str	 text = a->text;

	if (text.n == 0)
		text = str_of(verdicts[a->verdict].text);
	session_replyf(s, "%s <%.*s>: %.*s", code, STR_FMT(address),
	    STR_FMT(text));
	log_info("refuse id=%s from=<%s> rcpt=<%s> client=%s helo=%s "
	    "code=%.3s reason=%s text=\"%s\"", msgid_text(&s->mail.id),
	    log_text(mail_text(s, s->mail.sender)), log_text(address),
	    session_client_text(s), log_text(mail_helo(s)), code,
	    verdicts[a->verdict].reason, log_text(text));
}

/* Whether it is accepted: aliases may make more of a few than one message
 * has room for; those are for another transaction. */
static bool
answer_rcpt(struct session *s, struct str address,
    const struct rcpt_answer *a)
{
	if (a->verdict != RCPT_OK) {
		refuse_rcpt(s, address, a);
		return false;
	}
	if (s->mail.n_results + a->results > RCPTS_MAX) {
		session_reply(s, TOO_MANY);
		return false;
	}
	s->mail.n_results += a->results;
	session_reply(s, "250 2.1.5 Ok");
	return true;
}

void
rcpt_checked(struct session *s, const struct rcpt_checked *checked)
{
	static const struct rcpt_answer	 away = { .verdict = RCPT_TEMPORARY };
	struct mail			*m = &s->mail;
	const struct rcpt_answer	*a;
	size_t				 first = m->n_rcpts, n = m->n_asked;
	uint32_t			 end = m->rcpts[first].at;

	for (size_t i = 0; i < n; i++) {
		a = checked != NULL && i < checked->n_answers ?
		    &checked->answers[i] : &away;
		if (answer_rcpt(s, mail_rcpt(s, first + i), a))
			accept_rcpt(s, m->rcpts[first + i], &end);
	}
	buf_truncate(&s->text, end);
	m->n_asked = 0;
	s->phase = m->n_rcpts != 0 ? PHASE_RCPT : PHASE_REFUSED;
	session_wake(s);
}
