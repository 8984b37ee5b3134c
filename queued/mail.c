/*
 * The table of waiting messages, found by id in buckets, and walked by an
 * array in the order of arrival that is packed when half of it is holes.
 */
#include "mail.h"

#include <stdlib.h>

#include "keyed.h"

#include "later.h"
#include "override.h"
#include "reply.h"
#include "route.h"
#include "slab.h"
#include "turn.h"

#define ORDER_MIN	1024

static uint64_t	 id_hash(const struct bucket_link *);

/* The order of arrival; m is NULL in a hole. */
struct place {
	uint64_t	 seq;
	struct mail	*m;
};

static struct buckets	 by_id = BUCKETS_INIT(id_hash);
static struct place	*order;
static size_t		 n_order, order_size, n_holes;
static size_t		 found_at;	/* a walk goes on behind it */
static uint64_t		 last_seq;
static struct mail_totals totals;

static struct slab	 mails = SLAB_INIT(mails, struct mail);
/* Parts of one recipient; the others are of malloc. */
static struct slab	 singles = SLAB_INIT(singles, struct part);

/* ---- by id ------------------------------------------------------------- */

static struct mail *
mail_of(const struct bucket_link *l)
{
	return (struct mail *)((uintptr_t)l - offsetof(struct mail, link));
}

static uint64_t
id_hash(const struct bucket_link *l)
{
	return keyed_hash(mail_of(l)->id.b, MSGID_LEN);
}

struct mail *
mail_find(const struct msgid *id)
{
	struct bucket_link	**head, *l;

	head = buckets_find(&by_id, keyed_hash(id->b, MSGID_LEN));
	for (l = head != NULL ? *head : NULL; l != NULL; l = l->next)
		if (msgid_equal(&mail_of(l)->id, id))
			return mail_of(l);
	return NULL;
}

/* ---- by arrival -------------------------------------------------------- */

/* Closes the holes when they are half of it: a pass over 16 octets each. */
static void
order_pack(void)
{
	size_t	 n = 0;

	if (n_holes < ORDER_MIN || n_holes * 2 < n_order)
		return;
	for (size_t i = 0; i < n_order; i++)
		if (order[i].m != NULL)
			order[n++] = order[i];
	n_order = n;
	n_holes = 0;
}

static int
order_append(struct mail *m)
{
	size_t	 size = order_size != 0 ? order_size * 2 : ORDER_MIN;
	void	*p;

	if (n_order == order_size) {
		p = reallocarray(order, size, sizeof(*order));
		if (p == NULL)
			return -1;
		order = p;
		order_size = size;
	}
	m->seq = ++last_seq;
	order[n_order++] = (struct place){ m->seq, m };
	return 0;
}

/* The first place with a seq above that; n_order when there is none. */
static size_t
order_above(uint64_t seq)
{
	size_t	 low = 0, high = n_order, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (order[middle].seq <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct mail *
mail_after(uint64_t cursor)
{
	bool	 goes_on = found_at < n_order && order[found_at].seq == cursor;

	for (size_t i = goes_on ? found_at + 1 : order_above(cursor);
	    i < n_order; i++)
		if (order[i].m != NULL) {
			found_at = i;
			return order[i].m;
		}
	return NULL;
}

uint64_t
mail_last_seq(void)
{
	return last_seq;
}

/* ---- parts ------------------------------------------------------------- */

_Static_assert(sizeof(struct part) >= offsetof(struct part, rcpts[1]) &&
    JOB_RCPTS_MAX <= UINT8_MAX, "room for one; and n holds the most");

static struct part *
part_new(struct mail *m, struct route *r, size_t n)
{
	struct part	*p = n == 1 ? slab_take(&singles) :
	    calloc(1, offsetof(struct part, rcpts) + n * sizeof(p->rcpts[0]));

	if (p == NULL)
		return NULL;
	p->room = (uint8_t)n;
	p->mail = m;
	p->route = route_hold(r);
	p->next = m->parts;
	m->parts = p;
	return p;
}

static void
part_add(struct part *p, uint16_t rcpt)
{
	p->rcpts[p->n++] = rcpt;
	totals.recipients++;
}

void
part_free(struct part *p)
{
	struct part	**at = &p->mail->parts;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	totals.recipients -= p->n;
	reply_drop(p->reply);
	route_drop(p->route);
	if (p->room == 1)
		slab_give(&singles, p);
	else
		free(p);
}

bool
part_has(const struct part *p, uint16_t rcpt)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->rcpts[i] == rcpt)
			return true;
	return false;
}

void
part_drop(struct part *p, uint16_t rcpt)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->rcpts[i] != rcpt)
			continue;
		p->rcpts[i] = p->rcpts[--p->n];
		totals.recipients--;
		return;
	}
}

struct part *
part_split(struct part *p, const uint16_t *rcpts, size_t n)
{
	struct part	*new = part_new(p->mail, p->route, n);

	if (new == NULL)
		return NULL;
	new->sender = p->sender;
	new->tries = p->tries;
	new->epoch = p->epoch;
	new->reply = REPLY_NONE;
	new->state = p->state;
	new->deaths = p->deaths;
	for (size_t i = 0; i < n; i++) {
		part_drop(p, rcpts[i]);
		part_add(new, rcpts[i]);
	}
	return new;
}

/*
 * Moves those that go out with the first to the front and says how many: at
 * most JOB_RCPTS_MAX.  A thousand recipients on as many routes, the worst of
 * it, take half a million comparisons: a millisecond.
 */
static size_t
plan_gather(struct plan *plan, size_t n)
{
	size_t	 run = 1;

	for (size_t i = 1; i < n && run < JOB_RCPTS_MAX; i++) {
		struct plan	 p = plan[i];

		if (p.route != plan->route || p.due_s != plan->due_s ||
		    p.tries != plan->tries)
			continue;
		plan[i] = plan[run];
		plan[run++] = p;
	}
	return run;
}

/* Frees the newest parts again, down to that one. */
static void
undo_parts(struct mail *m, struct part *down_to)
{
	while (m->parts != down_to)
		part_free(m->parts);
}

int
mail_plan(struct mail *m, struct plan *plan, size_t n, uint16_t epoch,
    uint32_t sender)
{
	struct part	*before = m->parts, *p;
	size_t		 run;

	for (size_t i = 0; i < n; i += run) {
		run = plan_gather(plan + i, n - i);
		if ((p = part_new(m, plan[i].route, run)) == NULL) {
			undo_parts(m, before);
			return -1;
		}
		p->state = PART_STORING;
		p->in.heap.due_s = plan[i].due_s;
		p->tries = plan[i].tries;
		p->epoch = epoch;
		p->sender = sender;
		for (size_t k = 0; k < run; k++)
			part_add(p, plan[i + k].index);
	}
	return 0;
}

struct part *
mail_part(const struct mail *m, uint16_t rcpt)
{
	struct part	*p;

	for (p = m->parts; p != NULL; p = p->next)
		if (part_has(p, rcpt))
			return p;
	return NULL;
}

/* ---- messages ---------------------------------------------------------- */

struct mail *
mail_new(const struct msgid *id, uint64_t arrived, uint64_t size,
    unsigned flags)
{
	struct mail	*m = slab_take(&mails);

	if (m == NULL)
		return NULL;
	m->id = *id;
	m->arrived = arrived;
	m->size = size;
	m->flags = (uint8_t)flags;
	if (order_append(m) == -1)
		goto fail;
	if (buckets_insert(&by_id, &m->link) == -1) {
		n_order--;
		goto fail;
	}
	totals.messages++;
	return m;
fail:
	slab_give(&mails, m);
	return NULL;
}

void
mail_free(struct mail *m)
{
	while (m->parts != NULL)
		part_free(m->parts);
	override_forget(&m->id);
	later_forget(&m->id);
	buckets_remove(&by_id, &m->link);
	order[order_above(m->seq - 1)].m = NULL;
	n_holes++;
	totals.messages--;
	slab_give(&mails, m);
	order_pack();
}

unsigned
mail_waiting(const struct mail *m)
{
	unsigned	 n = 0;

	for (const struct part *p = m->parts; p != NULL; p = p->next)
		n += p->n;
	return n;
}

struct mail_totals
mail_totals(void)
{
	return totals;
}

size_t
mail_cost(void)
{
	/* of an array that has just doubled, half was never touched */
	return mails.size + singles.size + sizeof(struct turn) +
	    sizeof(struct place) + sizeof(struct mail *) +
	    sizeof(struct part *);
}
