/*
 * The walk that sends what it finds another way.  Only recipients that fit
 * the filter themselves change, and only those that do not go that way
 * already.
 */
#include "walk_impl.h"

#include "log.h"

#include "match.h"
#include "override.h"
#include "reroute.h"
#include "router_via.h"
#include "spool.h"
#include "trace_mail.h"

struct routing {
	struct walk	 walk;
	struct str	 via;		/* in the arena; empty: as usual */
	struct nexthop	 hop;		/* the same; points into via */
	const char	*refusal;	/* nothing can go there */
	bool		 dry_run;
	uint64_t	 mails, rcpts, refused;
};

static bool
always(const struct walk *w, const struct mail *m)
{
	(void)w, (void)m;
	return true;
}

/* Whether the recipient's way is to change; counts those that cannot. */
static bool
is_to_change(struct routing *r, const struct part *p, uint16_t rcpt,
    struct str address)
{
	struct route_spec	 spec;

	if (!match_rcpt(&r->walk.filter, p, address) ||
	    str_equal(override_of(&p->mail->id, rcpt), r->via))
		return false;
	if (r->via.n == 0 || router_via(&r->hop, address, &spec) == VIA_GOOD)
		return true;
	r->refused++;
	return false;
}

static size_t
choose(struct routing *r, const struct mail *m, const struct envelope *e,
    uint16_t *list)
{
	size_t	 n = 0;

	for (const struct part *p = m->parts; p != NULL; p = p->next)
		for (size_t i = 0; i < p->n; i++)
			if (p->rcpts[i] < e->n_rcpts && is_to_change(r, p,
			    p->rcpts[i], e->rcpts[p->rcpts[i]].address))
				list[n++] = p->rcpts[i];
	return n;
}

static void
route_mail(struct routing *r, struct mail *m, const struct envelope *e,
    const uint16_t *list, size_t n)
{
	if (override_set(&m->id, list, n, r->via) == -1) {
		log_error("override id=%s: no memory", msgid_text(&m->id));
		return;
	}
	log_info("override id=%s rcpts=%zu via=%s", msgid_text(&m->id), n,
	    r->via.n != 0 ? log_text(r->via) : "normal");
	trace_overridden(&m->id, r->via, n);
	reroute_mail(m, e);
	r->walk.undurable++;
	spool_route(&m->id, m->place, list, n, r->via, walk_durable,
	    &r->walk);
}

static void
route_found(struct walk *w, struct mail *m, const struct envelope *e)
{
	struct routing	*r = (struct routing *)w;
	uint16_t	 list[RCPTS_MAX];
	size_t		 n;

	w->changes++;
	if ((n = choose(r, m, e, list)) == 0)
		return;
	r->mails++;
	r->rcpts += n;
	if (!r->dry_run)
		route_mail(r, m, e, list, n);
}

static bool
route_is_over(const struct walk *w)
{
	return ((const struct routing *)w)->refusal != NULL;
}

static void
route_answer(struct walk *w)
{
	const struct routing	*r = (const struct routing *)w;
	struct queue_changed	 m = { walk_kept(w), .messages = r->mails,
	    .recipients = r->rcpts, .refused = r->refused };

	if (r->refusal != NULL) {
		m.result = SHOW_REFUSED;
		m.why = str_of(r->refusal);
	} else if (r->refused != 0)
		m.why = str_of("their routes demand TLS, and there is none "
		    "on that way");
	peer_send(w->peer, QUEUE_CHANGED, w->id, &m);
	walk_end(w);
}

static const struct walk_ops	 route_ops = {
	.wants_envelope = always,
	.found = route_found,
	.is_over = route_is_over,
	.answer = route_answer,
};

/* In the one way it is kept; empty where it cannot be. */
static struct str
canonical(struct arena *a, struct str via)
{
	struct buf	 text = BUF_INIT(NEXTHOP_TEXT_MAX);
	struct nexthop	 hop;
	struct str	 s = STR_NONE;

	if (nexthop_parse(&hop, via) == 0)
		nexthop_print(&text, &hop);
	if (text.len != 0 && !text.failed)
		s = arena_str(a, buf_str(&text));
	buf_clear(&text);
	return s;
}

struct walk *
walk_route(struct peer *p, uint32_t id, const struct queue_change *m,
    void (*ended)(struct walk *))
{
	struct walk	*w = walk_new(sizeof(struct routing), &route_ops, p,
	    id, &m->filter, ended);
	struct routing	*r = (struct routing *)w;

	r->dry_run = m->dry_run;
	if (m->via.n == 0)
		return w;
	r->via = canonical(&w->arena, m->via);
	r->refusal = r->via.n == 0 || nexthop_parse(&r->hop, r->via) == -1 ?
	    "that is no next hop" : router_via_refusal(&r->hop);
	return w;
}
