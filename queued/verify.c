/*
 * The questions that are open, and who waits for them.  A question lives
 * until deliverd has answered, has died, or is too late.
 */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>

#include "header.h"
#include "keyed.h"
#include "log.h"
#include "smtp_reply.h"

#include "router.h"
#include "worker.h"

#define QUESTIONS_MAX	1024	/* as many as VERIFY_ASK's credit */
#define MET_MAX		RCPTS_MAX /* in one round */
#define NOT_NOW		"The recipient cannot be verified now"

struct question {
	LIST_ENTRY(question)	 entry;
	uint64_t		 key;
	struct verify_links	 waiting;
	bool			 again;		/* asked a second time */
	size_t			 n_address;
	char			 address[ADDRESS_MAX];
};

struct verify_link {
	LIST_ENTRY(verify_link)	 of_question;
	LIST_ENTRY(verify_link)	 of_waiter;
	struct question		*question;
	struct verify_waiter	*waiter;
};

static LIST_HEAD(, question)	 questions = LIST_HEAD_INITIALIZER(questions);
static unsigned			 n_questions;
static struct question		*met[MET_MAX];
static size_t			 n_met;
static bool			 may_ask;

void
verify_begin(bool asks)
{
	may_ask = asks;
	n_met = 0;
}

size_t
verify_n_met(void)
{
	return n_met;
}

/* ---- asking ------------------------------------------------------------ */

/* The same address means another mailbox at another next hop. */
static uint64_t
key_of(const struct target *t)
{
	struct route_spec	 s;
	uint64_t		 part[3];

	router_spec(t, &s);
	part[0] = keyed_hash(t->full.whole.p, t->full.whole.n);
	part[1] = keyed_hash(s.next_hop.p, s.next_hop.n);
	part[2] = (uint64_t)s.transport << 32 | (uint64_t)s.port << 1 | s.via;
	return keyed_hash(part, sizeof(part));
}

static struct question *
question_find(uint64_t key)
{
	struct question	*q;

	LIST_FOREACH(q, &questions, entry)
		if (q->key == key)
			return q;
	return NULL;
}

static void
on_lost(void *asker, enum lost_why why)
{
	const struct verified	 lost = { .status = RCPT_DEFERRED,
	    .code = STR("4.4.1"), .reply = STR("no answer in time") };
	const struct verified	 died = { .status = RCPT_DEFERRED,
	    .code = STR("4.3.0"), .reply = STR("the process that asks has "
	    "died") };

	on_verified(NULL, asker, why == LOST_TIMEOUT ? &lost : &died);
}

/* -1: there is nobody to ask. */
static int
ask(struct question *q, struct str address)
{
	struct verify_ask	 m = { .rcpt = address };
	struct route		*r;
	struct worker		*w;
	uint32_t		 id = 0;

	if (router_route(address, &r) != ROUTE_FOUND)
		return -1;
	if (r->spec.transport != TRANSPORT_LOCAL &&
	    (w = worker_for(r)) != NULL) {
		router_wake(r, &m.route);
		id = peer_ask(w->peer, VERIFY_ASK, &m, on_lost, q,
		    VERIFY_ANSWER_MS);
	}
	route_drop(r);
	return id != 0 ? 0 : -1;
}

static struct question *
question_new(uint64_t key, struct str address)
{
	struct question	*q;

	if (n_questions == QUESTIONS_MAX || address.n > ADDRESS_MAX ||
	    (q = malloc(sizeof(*q))) == NULL)
		return NULL;
	if (ask(q, address) == -1) {
		free(q);
		return NULL;
	}
	q->key = key;
	q->again = false;
	LIST_INIT(&q->waiting);
	q->n_address = address.n;
	memcpy(q->address, address.p, address.n);
	LIST_INSERT_HEAD(&questions, q, entry);
	n_questions++;
	return q;
}

/* ---- what is known ----------------------------------------------------- */

/* A no may be newer than the yes that the client had. */
static enum verify_result
believe(enum verify_result known)
{
	return known == VERIFY_NO ? VERIFY_LATER : VERIFY_YES;
}

enum verify_result
verify_recipient(const struct target *t, struct str address,
    struct verify_words *words)
{
	uint64_t		 key = key_of(t);
	enum verify_result	 r = VERIFY_YES;
	struct question		*q;

	*words = (struct verify_words){ .code = 0 };
	if (verify_known_find(key, &r, words) == 0 || !may_ask)
		return may_ask ? r : believe(r);
	if ((q = question_find(key)) == NULL)
		q = question_new(key, address);
	if (q == NULL || n_met == MET_MAX)
		return VERIFY_LATER;
	met[n_met++] = q;
	return VERIFY_WAIT;
}

/* ---- waiting ----------------------------------------------------------- */

static void
link_free(struct verify_link *l)
{
	LIST_REMOVE(l, of_question);
	LIST_REMOVE(l, of_waiter);
	l->waiter->n_open--;
	free(l);
}

void
verify_forget(struct verify_waiter *w)
{
	while (!LIST_EMPTY(&w->links))
		link_free(LIST_FIRST(&w->links));
}

int
verify_wait(struct verify_waiter *w, void (*done)(struct verify_waiter *))
{
	struct verify_link	*l;

	w->n_open = 0;
	w->done = done;
	LIST_INIT(&w->links);
	for (size_t i = 0; i < n_met; i++) {
		if ((l = malloc(sizeof(*l))) == NULL) {
			verify_forget(w);
			return -1;
		}
		l->question = met[i];
		l->waiter = w;
		LIST_INSERT_HEAD(&met[i]->waiting, l, of_question);
		LIST_INSERT_HEAD(&w->links, l, of_waiter);
		w->n_open++;
	}
	return 0;
}

/* ---- answers ----------------------------------------------------------- */

static const struct {
	enum verify_result	 result;
	const char		*name;		/* for the log */
} answers[RCPT_STATUS_N] = {
	[RCPT_DELIVERED] = { VERIFY_YES, "verified" },
	[RCPT_DEFERRED] = { VERIFY_LATER, "deferred" },
	[RCPT_FAILED] = { VERIFY_NO, "failed" },
	[RCPT_RETURNED] = { VERIFY_LATER, "deferred" },
};

/* X.Y.Z of the right class; another is not handed on. */
static struct str
clean_status(struct str given, unsigned class, char text[SMTP_ENHANCED_MAX])
{
	struct smtp_status	 s = { .code = 0 };

	if (smtp_enhanced_take(&given, &s) == -1 || s.class != class)
		return class == 5 ? (struct str)STR("5.1.1") :
		    (struct str)STR("4.3.0");
	return str_of(smtp_enhanced_print(&s, text));
}

/*
 * For the client: the remote's words.  Our own reasons for not being able to
 * ask name sockets and hosts of ours, and are for the log.
 */
static void
make_words(struct verify_words *w, const struct verified *m, unsigned class,
    char status[SMTP_ENHANCED_MAX], struct buf *text)
{
	bool	 is_theirs = m->reply_code / 100 == class;

	w->code = is_theirs ? m->reply_code : class == 5 ? 550 : 451;
	w->status = clean_status(m->code, class, status);
	if (is_theirs || class == 5)
		header_put_safe(text, m->reply, VERIFY_TEXT_MAX);
	else
		buf_puts(text, NOT_NOW);
	w->text = buf_str(text);
}

static void
keep(const struct question *q, const struct verified *m)
{
	static struct buf	 text = BUF_INIT(VERIFY_TEXT_MAX + 64);
	char			 status[SMTP_ENHANCED_MAX];
	enum verify_result	 r = answers[m->status].result;
	const struct conf	*conf = router_conf();
	struct verify_words	 w;
	uint32_t		 keep_s = VERIFY_LATER_S;

	buf_reset(&text);
	make_words(&w, m, r == VERIFY_NO ? 5 : 4, status, &text);
	if (r != VERIFY_LATER)
		keep_s = r == VERIFY_YES ? conf->verify_keep_s :
		    conf->verify_refused_s;
	/* long enough for those who wait to hear it */
	verify_known_add(q->key, r, &w, keep_s != 0 ? keep_s : 1);
}

/* Each waiter that has no more open questions; it may wait anew. */
static void
wake_waiters(struct verify_links *links)
{
	struct verify_link	*l;
	struct verify_waiter	*w;

	while ((l = LIST_FIRST(links)) != NULL) {
		w = l->waiter;
		link_free(l);
		if (w->n_open == 0)
			w->done(w);
	}
}

static void
log_answer(struct str address, const struct verified *m)
{
	if (answers[m->status].result == VERIFY_YES)
		log_debug("verify rcpt=<%s> status=verified",
		    log_text(address));
	else
		log_info("verify rcpt=<%s> status=%s code=%s reply=\"%s\"",
		    log_text(address), answers[m->status].name,
		    log_text(m->code), log_text(m->reply));
}

/* A worker that retires has not asked: another one does. */
static bool
asked_again(struct question *q, struct str address)
{
	if (q->again || ask(q, address) == -1)
		return false;
	q->again = true;
	return true;
}

void
on_verified(struct peer *p, void *asker, const struct verified *m)
{
	struct question	*q = asker;
	struct str	 address;

	(void)p;
	if (q == NULL)		/* too late, and that has been said */
		return;
	address = str_bytes(q->address, q->n_address);
	if (m->status == RCPT_RETURNED && asked_again(q, address))
		return;
	log_answer(address, m);
	keep(q, m);
	LIST_REMOVE(q, entry);
	n_questions--;
	wake_waiters(&q->waiting);
	free(q);
}
