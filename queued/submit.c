/*
 * A source is one smtpd: the files that it has open with us and the messages
 * of its that are being stored.  When it goes, its files are dropped; what
 * is being stored is stored, and nobody is told.
 */
#include "submit.h"

#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>

#include "addr.h"
#include "arena.h"
#include "clock.h"
#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#include "expand.h"
#include "fate.h"
#include "intake.h"
#include "later.h"
#include "mail.h"
#include "recent.h"
#include "report.h"
#include "router.h"
#include "spool.h"
#include "trace_mail.h"
#include "verify_check.h"

#define RCPT_MEMORY	2048	/* a copy's, at most */
#define LARGE_MAX	4096	/* of one smtpd; as many as may be asked for */

struct large {
	LIST_ENTRY(large)	 entry;
	uint32_t		 number;
};

struct submission {
	LIST_ENTRY(submission)	 entry;
	struct peer		*peer;		/* NULL: gone */
	uint32_t		 id;		/* of its MAIL_SUBMIT */
	/* recipients that became several, to be reported on first */
	struct msgid		 mail;
	struct recipient	*expanded;
	size_t			 n_expanded;
	struct arena		 arena;
};

struct source {
	LIST_HEAD(, large)	 larges;
	unsigned		 n_larges;
	LIST_HEAD(, submission)	 submissions;
};

void
submit_peer_up(struct peer *p)
{
	struct source	*c = xcalloc(1, sizeof(*c));

	LIST_INIT(&c->larges);
	LIST_INIT(&c->submissions);
	p->data = c;
}

void
submit_peer_down(struct peer *p)
{
	struct source		*c = p->data;
	struct large		*l;
	struct submission	*s;

	while ((l = LIST_FIRST(&c->larges)) != NULL) {
		LIST_REMOVE(l, entry);
		spool_large_drop(l->number);
		free(l);
	}
	while ((s = LIST_FIRST(&c->submissions)) != NULL) {
		LIST_REMOVE(s, entry);
		s->peer = NULL;
	}
	verify_check_peer_down(p);
	p->data = NULL;
	free(c);
}

enum store_result
submit_accepts(const struct peer *p)
{
	if (p->data == NULL || proc_stopping())
		return STORE_TEMPORARY;
	return spool_accepts();
}

bool
submit_claims_account(struct peer *p, struct str account)
{
	if (account.n == 0 || p->role == ROLE_SMTPD_MSA)
		return false;
	peer_fault(p, "speaks of an account that it cannot know");
	return true;
}

void
submit_soften(const struct origin_of *o, struct rcpt_answer *a)
{
	if (a->verdict == RCPT_NO_RELAY && o->role == ROLE_SMTPD_MSA &&
	    !router_is_known(o))
		*a = (struct rcpt_answer){ .verdict = RCPT_TEMPORARY,
		    .text = STR("The configuration has changed, connect "
		    "again") };
}

/* ---- large bodies ------------------------------------------------------ */

static int
large_open(struct source *c, struct large_opened *answer)
{
	struct large	*l = malloc(sizeof(*l));
	int		 fd;

	if (l == NULL || c->n_larges >= LARGE_MAX) {
		free(l);
		answer->result = STORE_TEMPORARY;
		return -1;
	}
	if ((fd = spool_large_open(&l->number)) == -1) {
		answer->result = errno == ENOSPC || errno == EDQUOT ?
		    STORE_NO_SPACE : STORE_IO_ERROR;
		free(l);
		return -1;
	}
	LIST_INSERT_HEAD(&c->larges, l, entry);
	c->n_larges++;
	answer->large = l->number;
	return fd;
}

void
on_large_open(struct peer *p, uint32_t id, const struct nothing *m)
{
	struct large_opened	 answer = { submit_accepts(p), 0 };
	int			 fd = -1;

	(void)m;
	if (answer.result == STORE_OK)
		fd = large_open(p->data, &answer);
	if (fd == -1)
		peer_send(p, LARGE_OPENED, id, &answer);
	else
		peer_send_fd(p, LARGE_OPENED, id, fd, &answer);
}

/* Out of what this source owns; -1 when it is not its own. */
static int
large_take(struct source *c, uint32_t number)
{
	struct large	*l;

	LIST_FOREACH(l, &c->larges, entry) {
		if (l->number != number)
			continue;
		LIST_REMOVE(l, entry);
		c->n_larges--;
		free(l);
		return 0;
	}
	return -1;
}

void
on_large_drop(struct peer *p, uint32_t id, const struct large_drop *m)
{
	(void)id;
	if (p->data == NULL || large_take(p->data, m->large) == -1)
		peer_fault(p, "drops a file that is not its own");
	else
		spool_large_drop(m->large);
}

/* ---- messages ---------------------------------------------------------- */

static bool
is_address(struct str s, unsigned flags)
{
	char		 store[ADDR_STORE_MAX];
	struct addr	 a;

	return addr_parse(s, flags | ADDR_UTF8, store, &a) == ADDR_OK;
}

/*
 * The decision of RCPT_CHECK again: smtpd may be broken into, and tables
 * change.  What aliases make of the recipients is what is stored.
 */
static enum store_result
expand(const struct peer *p, uint32_t conf, struct envelope *e,
    const char **text)
{
	struct origin_of	 o = { p->role, e->listener, e->client,
	    e->account, conf };
	struct rcpt_answer	 answer;
	bool			 may_relay = router_may_relay(&o);

	/* we know who has sent it: a report reaches the right one */
	if (may_relay && e->account.n != 0)
		e->verified = true;
	expand_begin(&e->id, may_relay);
	for (size_t i = 0; i < e->n_rcpts; i++) {
		expand_rcpt(&e->rcpts[i], &answer);
		submit_soften(&o, &answer);
		switch (answer.verdict) {
		case RCPT_OK:
			break;
		case RCPT_TEMPORARY:
			*text = "a recipient cannot be checked now";
			return STORE_TEMPORARY;
		default:
			*text = "a recipient is refused";
			return STORE_REFUSED;
		}
	}
	e->n_rcpts = expand_results(&e->rcpts);
	return STORE_OK;
}

/* *e is the envelope that is to be stored. */
static enum store_result
check_mail(const struct peer *p, const struct mail_submit *m,
    struct envelope *e, const char **text)
{
	enum store_result	 result = submit_accepts(p);

	if (result != STORE_OK)
		return result;
	if (m->large != 0 && m->large_size > MESSAGE_SIZE_MAX)
		return STORE_TOO_LARGE;
	if (m->envelope.sender.n != 0 && !is_address(m->envelope.sender, 0)) {
		*text = "the sender is not an address";
		return STORE_REFUSED;
	}
	if (m->envelope.not_before > (uint64_t)clock_wall() + LATER_MAX_S) {
		*text = "it is not to be sent for more than a year";
		return STORE_REFUSED;
	}
	*e = m->envelope;
	return expand(p, m->conf, e, text);
}

static void
submission_end(struct submission *s, const struct mail_stored *m)
{
	if (s->peer != NULL) {
		LIST_REMOVE(s, entry);
		peer_send(s->peer, MAIL_STORED, s->id, m);
	}
	arena_clear(&s->arena);
	free(s);
}

/* Stored or not, the message is, and will not come again. */
static void
on_told(void *arg, bool stored)
{
	const struct mail_stored	 m = { STORE_OK, STR_NONE };

	(void)stored;
	submission_end(arg, &m);
}

static void
on_stored(void *arg, enum store_result result, const char *text)
{
	struct submission	*s = arg;
	struct mail_stored	 m = { result, str_of(text) };
	const struct mail	*mail;

	if (result == STORE_OK && s->n_expanded != 0 &&
	    (mail = mail_find(&s->mail)) != NULL && fate_may_report(mail))
		report_expanded(mail, s->expanded, s->n_expanded, on_told, s);
	else
		submission_end(s, &m);
}

/* Without memory the sender goes without that report. */
static void
keep_expanded(struct submission *s)
{
	const struct recipient *const	*list;
	size_t				 n = expand_expanded(&list);

	if (n == 0)
		return;
	s->arena.max = n * RCPT_MEMORY;
	s->expanded = arena_calloc(&s->arena, n, sizeof(*s->expanded));
	for (size_t i = 0; s->expanded != NULL && i < n; i++) {
		s->expanded[i] = *list[i];
		s->expanded[i].address = arena_str(&s->arena,
		    list[i]->address);
		s->expanded[i].orcpt_type = arena_str(&s->arena,
		    list[i]->orcpt_type);
		s->expanded[i].orcpt = arena_str(&s->arena, list[i]->orcpt);
		if (s->expanded[i].orcpt.p == NULL)
			return;
		s->n_expanded++;
	}
}

static void
submit(struct peer *p, uint32_t id, const struct mail_submit *m,
    struct envelope *e)
{
	struct source		*c = p->data;
	struct submission	*s = xcalloc(1, sizeof(*s));

	s->peer = p;
	s->id = id;
	s->mail = e->id;
	keep_expanded(s);
	LIST_INSERT_HEAD(&c->submissions, s, entry);
	/* who may relay has been asked who he is */
	e->verified |= p->role == ROLE_SMTPD_MSA;
	e->arrived = (uint64_t)clock_wall();	/* our clock judges ages */
	intake_store(e, m->header, m->body, m->large, m->large_size,
	    on_stored, s);
}

void
on_mail_submit(struct peer *p, uint32_t id, const struct mail_submit *m)
{
	struct mail_stored	 answer = { STORE_OK, STR_NONE };
	struct envelope		 e;
	const char		*text = "";

	if (submit_claims_account(p, m->envelope.account))
		return;
	if (m->large != 0 &&
	    (p->data == NULL || large_take(p->data, m->large) == -1)) {
		peer_fault(p, "submits a file that is not its own");
		return;
	}
	trace_arrived(p->role, m);
	answer.result = check_mail(p, m, &e, &text);
	if (answer.result == STORE_OK) {
		submit(p, id, m, &e);
		return;
	}
	if (m->large != 0)
		spool_large_drop(m->large);
	answer.text = str_of(text);
	trace_refused(&m->envelope.id, text);
	log_warn("refused id=%s role=%s result=%d: %s",
	    msgid_text(&m->envelope.id), role_name(p->role),
	    (int)answer.result, text);
	peer_send(p, MAIL_STORED, id, &answer);
}

/*
 * One that is just being stored counts as not stored: the client will send
 * it again, and a second copy is better than a lost one.
 */
void
on_mail_ask(struct peer *p, uint32_t id, const struct mail_ask *m)
{
	const struct mail	*mail = mail_find(&m->id);
	struct mail_known	 answer = { recent_has(&m->id) };

	if (mail != NULL)
		answer.stored = (mail->flags & MAIL_STORING) == 0;
	peer_send(p, MAIL_KNOWN, id, &answer);
}
