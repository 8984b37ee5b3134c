/*
 * Walks that count.  The columns that are in memory are counted from there;
 * for the others the envelope is read, but for the domain of what goes to
 * its domain's own hosts, which the route names.
 */
#include "walk_impl.h"

#include "match.h"
#include "route.h"
#include "tally.h"

struct counting {
	struct walk		 walk;
	enum queue_column	 column;
	struct tally		*tally;
};

static struct str
state_value(const struct part *p)
{
	static const struct str	 active = STR("active"),
	    waiting = STR("waiting"), deferred = STR("deferred"),
	    held = STR("held");

	switch (match_state(p)) {
	case STATE_ACTIVE:
		return active;
	case STATE_DEFERRED:
		return deferred;
	case STATE_HELD:
		return held;
	default:
		return waiting;
	}
}

/* The part's value in a column that needs no envelope. */
static struct str
part_value(enum queue_column column, const struct part *p,
    char name[ROUTE_NAME_MAX + 1])
{
	switch (column) {
	case COLUMN_STATE:
		return state_value(p);
	case COLUMN_REPLY:
		return match_reply(p);
	default:
		return route_name(p->route, name);
	}
}

static bool
names_domain(const struct route *r)
{
	return r->spec.transport == TRANSPORT_SMTP && !r->spec.via;
}

static bool
count_wants(const struct walk *w, const struct mail *m)
{
	const struct counting	*c = (const struct counting *)w;

	if (c->column == COLUMN_SENDER)
		return true;
	if (c->column != COLUMN_DOMAIN)
		return false;
	for (const struct part *p = m->parts; p != NULL; p = p->next)
		if (!names_domain(p->route))
			return true;
	return false;
}

static void
count_parts(struct counting *c, const struct mail *m)
{
	char	 name[ROUTE_NAME_MAX + 1];

	for (const struct part *p = m->parts; p != NULL; p = p->next)
		tally_add(c->tally, part_value(c->column, p, name), p->n);
}

static void
count_domains(struct counting *c, const struct mail *m,
    const struct envelope *e)
{
	for (const struct part *p = m->parts; p != NULL; p = p->next)
		for (size_t i = 0; i < p->n; i++)
			if (p->rcpts[i] < e->n_rcpts)
				tally_add(c->tally, match_domain_of(
				    e->rcpts[p->rcpts[i]].address), 1);
}

static void
count_found(struct walk *w, struct mail *m, const struct envelope *e)
{
	struct counting	*c = (struct counting *)w;

	tally_begin(c->tally, m->size, m->arrived);
	if (e != NULL && c->column == COLUMN_SENDER)
		tally_add(c->tally, e->sender, mail_waiting(m));
	else if (e != NULL && c->column == COLUMN_DOMAIN)
		count_domains(c, m, e);
	else
		count_parts(c, m);
}

static void
count_answer(struct walk *w)
{
	struct counting		*c = (struct counting *)w;
	struct queue_counted	 m;

	tally_result(c->tally, &m);
	peer_send(w->peer, QUEUE_COUNTED, w->id, &m);
	walk_end(w);
}

static void
count_clear(struct walk *w)
{
	tally_free(((struct counting *)w)->tally);
}

static const struct walk_ops	 count_ops = {
	.wants_envelope = count_wants,
	.found = count_found,
	.answer = count_answer,
	.clear = count_clear,
};

struct walk *
walk_count(struct peer *p, uint32_t id, const struct queue_count *m,
    void (*ended)(struct walk *))
{
	struct walk	*w = walk_new(sizeof(struct counting), &count_ops, p,
	    id, &m->filter, ended);
	struct counting	*c = (struct counting *)w;

	c->column = m->column;
	c->tally = tally_new();
	return w;
}
