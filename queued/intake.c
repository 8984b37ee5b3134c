/*
 * The message is in memory, known by its id, before it is durable, so that
 * nothing can fail any more once it is: memory for it is there, its
 * recipients are routed.
 */
#include "intake.h"

#include <stdlib.h>

#include "keyed.h"
#include "log.h"

#include "later.h"
#include "mail.h"
#include "override.h"
#include "reply.h"
#include "router.h"
#include "schedule.h"

struct intake {
	struct mail	*mail;
	intake_done	 done;
	void		*arg;
};

static struct plan	 plan[RCPTS_MAX];	/* of the one being routed */
static unsigned		 n_open;

unsigned
intake_open(void)
{
	return n_open;
}

static void
drop_routes(size_t n)
{
	for (size_t i = 0; i < n; i++)
		route_drop(plan[i].route);
}

/* 0, or -1 when one is no address. */
static int
route_all(const struct envelope *e)
{
	for (size_t i = 0; i < e->n_rcpts; i++) {
		if (router_route(e->rcpts[i].address, &plan[i].route) !=
		    ROUTE_FOUND) {
			drop_routes(i);
			return -1;
		}
		plan[i].due_s = 0;
		plan[i].tries = 0;
		plan[i].index = (uint16_t)i;
	}
	return 0;
}

/* Who takes turns with others: an account, or else an address. */
static uint32_t
sender_of(const struct envelope *e)
{
	struct str	 s = e->account.n != 0 ? e->account : e->sender;

	return (uint32_t)keyed_hash(s.p, s.n);
}

/* The message with its parts; the plan's routes are let go. */
static struct mail *
mail_make(const struct envelope *e, uint64_t size, size_t n, unsigned flags)
{
	struct mail	*m;

	if (e->sender.n == 0)
		flags |= MAIL_NULL;
	else if (!e->verified)
		flags |= MAIL_UNVERIFIED;
	m = mail_new(&e->id, e->arrived, size, flags);
	if (m != NULL && ((e->not_before != 0 &&
	    later_set(&e->id, e->not_before) == -1) ||
	    mail_plan(m, plan, n, router_epoch(), sender_of(e)) == -1)) {
		mail_free(m);
		m = NULL;
	}
	drop_routes(n);
	return m;
}

static void
on_stored(void *arg, enum store_result result, const struct spool_place *place)
{
	struct intake	 in = *(struct intake *)arg;

	free(arg);
	n_open--;
	if (result == STORE_OK) {
		in.mail->place = *place;
		in.mail->flags &= (uint8_t)~MAIL_STORING;
		in.mail->seen_s = schedule_now();
		schedule_mail(in.mail);
	} else
		mail_free(in.mail);
	in.done(in.arg, result, "");
}

static void
refuse(uint32_t large, intake_done done, void *arg, enum store_result result,
    const char *text)
{
	if (large != 0)
		spool_large_drop(large);
	done(arg, result, text);
}

void
intake_store(const struct envelope *e, struct str header, struct str body,
    uint32_t large, uint64_t large_size, intake_done done, void *arg)
{
	struct intake	*in;
	uint64_t	 size = header.n + (large != 0 ? large_size : body.n);

	if (e->n_rcpts == 0 || mail_find(&e->id) != NULL) {
		refuse(large, done, arg, STORE_REFUSED,
		    e->n_rcpts == 0 ? "no recipients" : "the id is not new");
		return;
	}
	if (route_all(e) == -1) {
		refuse(large, done, arg, STORE_REFUSED,
		    "a recipient is not an address");
		return;
	}
	in = malloc(sizeof(*in));
	if (in == NULL) {
		drop_routes(e->n_rcpts);
		refuse(large, done, arg, STORE_TEMPORARY, "out of memory");
		return;
	}
	*in = (struct intake){ mail_make(e, size, e->n_rcpts, MAIL_STORING),
	    done, arg };
	if (in->mail == NULL) {
		free(in);
		refuse(large, done, arg, STORE_TEMPORARY, "out of memory");
		return;
	}
	n_open++;
	spool_store(e, header, body, large, large_size, on_stored, in);
}

/*
 * For one that was an address when it was accepted, and is none now.  It
 * fails there with a report, as no domain below "invalid" ever is (RFC 2606
 * 2), unless a later configuration knows a route for it.
 */
static struct route *
route_to_nowhere(const struct envelope *e, size_t i)
{
	static const struct route_spec	 nowhere = {
		.transport = TRANSPORT_SMTP, .next_hop = STR("invalid"),
		.delivery = DELIVERY_NONE, .concurrency = 1,
		.retry_min_s = 300, .retry_max_s = 3600, .expire_s = 86400,
	};

	log_error("recover id=%s rcpt=<%s>: not an address any more; it "
	    "goes nowhere, with a report", msgid_text(&e->id),
	    log_text(e->rcpts[i].address));
	return route_get(&nowhere);
}

/* A clock that was wrong may have set it for another year. */
static uint32_t
next_try(const struct route *r, uint64_t utc_s)
{
	uint32_t	 due_s = schedule_at(utc_s);
	uint32_t	 latest = schedule_now() + r->spec.retry_max_s;

	return due_s < latest ? due_s : latest;
}

/* The plan of those recipients that wait; how many. */
static size_t
plan_waiting(const struct spool_message *s)
{
	const struct envelope	*e = s->envelope;
	size_t			 n = 0;

	for (size_t i = 0; i < e->n_rcpts; i++) {
		if (s->rcpts[i].state != SPOOL_WAITING)
			continue;
		if (override_route(&e->id, (uint16_t)i, e->rcpts[i].address,
		    &plan[n].route) != ROUTE_FOUND)
			plan[n].route = route_to_nowhere(e, i);
		plan[n].due_s = next_try(plan[n].route,
		    s->rcpts[i].next_try);
		plan[n].tries = (uint16_t)(s->rcpts[i].tries < UINT16_MAX ?
		    s->rcpts[i].tries : UINT16_MAX);
		plan[n++].index = (uint16_t)i;
	}
	return n;
}

/* The last reply to each part, for posternctl. */
static void
recall_replies(struct mail *m, const struct spool_rcpt *rcpts)
{
	for (struct part *p = m->parts; p != NULL; p = p->next)
		p->reply = reply_hold(rcpts[p->rcpts[0]].reply);
}

/* Before they are routed. */
static void
recall_vias(const struct spool_message *s)
{
	for (size_t i = 0; s->vias != NULL && i < s->envelope->n_rcpts; i++)
		if (s->rcpts[i].state == SPOOL_WAITING &&
		    s->vias[i].n != 0 && override_set(&s->envelope->id,
		    &(uint16_t){ (uint16_t)i }, 1, s->vias[i]) == -1)
			fatal("recover: no memory for the queue");
}

void
intake_found(const struct spool_message *s)
{
	unsigned	 flags = (s->held ? MAIL_HELD : 0u) |
	    (s->warned ? MAIL_WARNED : 0u);
	struct mail	*m;
	size_t		 n;

	recall_vias(s);
	if ((n = plan_waiting(s)) == 0) {
		spool_result(&s->envelope->id, s->place, NULL, 0, true, NULL,
		    NULL);
		return;
	}
	if ((m = mail_make(s->envelope, s->size, n, flags)) == NULL)
		fatal("recover: no memory for the queue");
	m->place = s->place;
	recall_replies(m, s->rcpts);
	schedule_mail(m);
}
