/*
 * RCPT_CHECK is answered at once where everything is known, as it nearly
 * always is.  Else a copy of it waits, and is looked at again from the
 * beginning when the answers are there: by then a table may be another, or
 * what a next hop said may lead to further questions (of a catch-all), but
 * not for ever.
 */
#include "verify_check.h"

#include <stdlib.h>

#include "arena.h"

#include "expand.h"
#include "router.h"
#include "submit.h"
#include "verify.h"

#define CHECKS_MAX	2048	/* waiting: 64 MB if all had 100 recipients,
				 * 1 MB as it is */
#define CHECK_MEMORY	(1 << 16) /* RCPT_BATCH_MAX addresses and more */
#define ROUNDS_MAX	4

struct check {
	struct verify_waiter	 waiter;	/* first */
	LIST_ENTRY(check)	 entry;
	struct peer		*peer;
	uint32_t		 id;
	unsigned		 rounds;
	struct arena		 memory;
	struct rcpt_check	 question;
};

static LIST_HEAD(, check)	 checks = LIST_HEAD_INITIALIZER(checks);
static unsigned			 n_checks;

/* ---- answers ----------------------------------------------------------- */

/* False when it has to wait for next hops, and may. */
static bool
answer(struct peer *p, uint32_t id, const struct rcpt_check *m, bool may_wait)
{
	struct rcpt_answer	 answers[RCPT_BATCH_MAX];
	struct rcpt_checked	 checked = { answers, m->n_rcpts };
	struct origin_of	 o = { p->role, m->listener, m->client,
	    m->account, m->conf };
	enum store_result	 space = submit_accepts(p);
	struct recipient	 rcpt = { .notify = 0 };

	expand_begin(NULL, router_may_relay(&o));
	for (size_t i = 0; i < m->n_rcpts; i++) {
		rcpt.address = m->rcpts[i].address;
		if (space == STORE_OK) {
			expand_rcpt(&rcpt, &answers[i]);
			submit_soften(&o, &answers[i]);
		} else
			answers[i] = (struct rcpt_answer){ .verdict =
			    space == STORE_NO_SPACE ? RCPT_NO_SPACE :
			    RCPT_TEMPORARY };
	}
	if (verify_n_met() != 0 && may_wait)
		return false;
	peer_send(p, RCPT_CHECKED, id, &checked);
	return true;
}

/* ---- those that wait --------------------------------------------------- */

static void
check_free(struct check *c)
{
	verify_forget(&c->waiter);
	LIST_REMOVE(c, entry);
	n_checks--;
	arena_clear(&c->memory);
	free(c);
}

static void
on_answers(struct verify_waiter *w)
{
	struct check	*c = (struct check *)w;		/* its first member */
	bool		 may_wait = ++c->rounds < ROUNDS_MAX;

	if (answer(c->peer, c->id, &c->question, may_wait)) {
		check_free(c);
	} else if (verify_wait(w, on_answers) == -1) {
		answer(c->peer, c->id, &c->question, false);
		check_free(c);
	}
}

static int
copy(struct check *c, const struct rcpt_check *m)
{
	struct rcpt_item	*list;

	c->question = *m;
	c->question.account = arena_str(&c->memory, m->account);
	c->question.sender = STR_NONE;
	list = arena_calloc(&c->memory, m->n_rcpts, sizeof(*list));
	if (list == NULL || c->question.account.p == NULL)
		return -1;
	c->question.rcpts = list;
	for (size_t i = 0; i < m->n_rcpts; i++) {
		list[i].address = arena_str(&c->memory, m->rcpts[i].address);
		if (list[i].address.p == NULL)
			return -1;
	}
	return 0;
}

/* -1 when it cannot wait. */
static int
check_wait(struct peer *p, uint32_t id, const struct rcpt_check *m)
{
	struct check	*c;

	if (n_checks == CHECKS_MAX || (c = calloc(1, sizeof(*c))) == NULL)
		return -1;
	c->peer = p;
	c->id = id;
	c->memory = (struct arena)ARENA_INIT(CHECK_MEMORY);
	LIST_INSERT_HEAD(&checks, c, entry);
	n_checks++;
	LIST_INIT(&c->waiter.links);
	if (copy(c, m) == 0 && verify_wait(&c->waiter, on_answers) == 0)
		return 0;
	check_free(c);
	return -1;
}

void
on_rcpt_check(struct peer *p, uint32_t id, const struct rcpt_check *m)
{
	if (submit_claims_account(p, m->account))
		return;
	if (!answer(p, id, m, true) && check_wait(p, id, m) == -1)
		answer(p, id, m, false);
}

void
verify_check_peer_down(const struct peer *p)
{
	struct check	*c, *next;

	for (c = LIST_FIRST(&checks); c != NULL; c = next) {
		next = LIST_NEXT(c, entry);
		if (c->peer == p)
			check_free(c);
	}
}
