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
#include "clock.h"
#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#include "expand.h"
#include "intake.h"
#include "mail.h"
#include "recent.h"
#include "router.h"
#include "spool.h"

#define LARGE_MAX	4096	/* of one smtpd; as many as may be asked for */

struct large {
	LIST_ENTRY(large)	 entry;
	uint32_t		 number;
};

struct submission {
	LIST_ENTRY(submission)	 entry;
	struct peer		*peer;		/* NULL: gone */
	uint32_t		 id;		/* of its MAIL_SUBMIT */
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
	p->data = NULL;
	free(c);
}

/* Whether new mail can be taken at all, and if not, why. */
static enum store_result
accepts(const struct peer *p)
{
	if (p->data == NULL || proc_stopping())
		return STORE_TEMPORARY;
	return spool_accepts();
}

/* ---- recipients -------------------------------------------------------- */

/*
 * A session may outlive its listener, which went in a reload.  Whether it
 * might relay cannot be told any more, which is no reason to fail its mail.
 */
static void
soften(const struct origin_of *o, struct rcpt_answer *a)
{
	if (a->verdict == RCPT_NO_RELAY && o->role == ROLE_SMTPD_MSA &&
	    !router_is_known(o))
		*a = (struct rcpt_answer){ .verdict = RCPT_TEMPORARY,
		    .text = STR("The configuration has changed, connect "
		    "again") };
}

void
on_rcpt_check(struct peer *p, uint32_t id, const struct rcpt_check *m)
{
	struct rcpt_answer	 answers[RCPT_BATCH_MAX];
	struct rcpt_checked	 checked = { answers, m->n_rcpts };
	struct origin_of	 o = { p->role, m->listener, m->client,
	    STR_NONE, m->conf };
	enum store_result	 space = accepts(p);
	struct recipient	 rcpt = { .notify = 0 };

	expand_begin(NULL, router_may_relay(&o));
	for (size_t i = 0; i < m->n_rcpts; i++) {
		rcpt.address = m->rcpts[i].address;
		if (space == STORE_OK) {
			expand_rcpt(&rcpt, &answers[i]);
			soften(&o, &answers[i]);
		} else
			answers[i] = (struct rcpt_answer){ .verdict =
			    space == STORE_NO_SPACE ? RCPT_NO_SPACE :
			    RCPT_TEMPORARY };
	}
	peer_send(p, RCPT_CHECKED, id, &checked);
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
	struct large_opened	 answer = { accepts(p), 0 };
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

	expand_begin(&e->id, router_may_relay(&o));
	for (size_t i = 0; i < e->n_rcpts; i++) {
		expand_rcpt(&e->rcpts[i], &answer);
		soften(&o, &answer);
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
	enum store_result	 result = accepts(p);

	if (result != STORE_OK)
		return result;
	if (m->large != 0 && m->large_size > MESSAGE_SIZE_MAX)
		return STORE_TOO_LARGE;
	if (m->envelope.sender.n != 0 && !is_address(m->envelope.sender, 0)) {
		*text = "the sender is not an address";
		return STORE_REFUSED;
	}
	*e = m->envelope;
	return expand(p, m->conf, e, text);
}

static void
on_stored(void *arg, enum store_result result, const char *text)
{
	struct submission	*s = arg;
	struct mail_stored	 m = { result, str_of(text) };

	if (s->peer != NULL) {
		LIST_REMOVE(s, entry);
		peer_send(s->peer, MAIL_STORED, s->id, &m);
	}
	free(s);
}

static void
submit(struct peer *p, uint32_t id, const struct mail_submit *m,
    struct envelope *e)
{
	struct source		*c = p->data;
	struct submission	*s = xcalloc(1, sizeof(*s));

	s->peer = p;
	s->id = id;
	LIST_INSERT_HEAD(&c->submissions, s, entry);
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

	if (m->large != 0 &&
	    (p->data == NULL || large_take(p->data, m->large) == -1)) {
		peer_fault(p, "submits a file that is not its own");
		return;
	}
	answer.result = check_mail(p, m, &e, &text);
	if (answer.result == STORE_OK) {
		submit(p, id, m, &e);
		return;
	}
	if (m->large != 0)
		spool_large_drop(m->large);
	answer.text = str_of(text);
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
