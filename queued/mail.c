/*
 * The table of waiting messages.  It grows without ever standing still: the
 * buckets by linear hashing (one is split with each message that comes), the
 * order by an array that is packed when half of it is holes.
 */
#include "mail.h"

#include <stdlib.h>

#include "keyed.h"
#include "reply.h"
#include "route.h"
#include "turn.h"

#define BUCKETS_MIN	1024	/* a power of two */
#define ORDER_MIN	1024
#define CHUNK		16	/* malloc's grain and what it adds */

/* The order of arrival; m is NULL in a hole. */
struct place {
	uint64_t	 seq;
	struct mail	*m;
};

static struct mail		**buckets;
static size_t		 n_buckets, buckets_size, level = BUCKETS_MIN;
static struct place	*order;
static size_t		 n_order, order_size, n_holes;
static uint64_t		 last_seq;
static struct mail_totals totals;

/* ---- by id ------------------------------------------------------------- */

/*
 * level is the power of two at or below n_buckets; buckets below
 * n_buckets - level have been split already and take one bit more.
 */
static size_t
bucket_of(const struct msgid *id)
{
	uint64_t	 hash = keyed_hash(id->b, sizeof(id->b));
	size_t		 i = hash & (level * 2 - 1);

	return i < n_buckets ? i : hash & (level - 1);
}

static int
buckets_grow(void)
{
	size_t	 size = buckets_size != 0 ? buckets_size * 2 : BUCKETS_MIN;
	void	*p = reallocarray(buckets, size, sizeof(*buckets));

	if (p == NULL)
		return -1;
	buckets = p;
	buckets_size = size;
	/* each of the others is cleared when it comes into use */
	for (; n_buckets < BUCKETS_MIN; n_buckets++)
		buckets[n_buckets] = NULL;
	return 0;
}

/* One bucket more: those of its half-brother that belong there move. */
static void
bucket_split(void)
{
	struct mail	*m, *next;
	size_t		 i = n_buckets - level;

	m = buckets[i];
	buckets[i] = buckets[n_buckets] = NULL;
	if (++n_buckets == level * 2)
		level *= 2;
	for (; m != NULL; m = next) {
		next = m->next;
		i = bucket_of(&m->id);
		m->next = buckets[i];
		buckets[i] = m;
	}
}

static int
id_insert(struct mail *m)
{
	size_t	 i;

	if (n_buckets == buckets_size && buckets_grow() == -1)
		return -1;
	if (totals.messages >= n_buckets)
		bucket_split();
	i = bucket_of(&m->id);
	m->next = buckets[i];
	buckets[i] = m;
	return 0;
}

static void
id_remove(struct mail *m)
{
	struct mail	**p = &buckets[bucket_of(&m->id)];

	while (*p != m)
		p = &(*p)->next;
	*p = m->next;
}

struct mail *
mail_find(const struct msgid *id)
{
	struct mail	*m;

	if (n_buckets == 0)
		return NULL;
	for (m = buckets[bucket_of(id)]; m != NULL; m = m->next)
		if (msgid_equal(&m->id, id))
			return m;
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
	for (size_t i = order_above(cursor); i < n_order; i++)
		if (order[i].m != NULL)
			return order[i].m;
	return NULL;
}

uint64_t
mail_last_seq(void)
{
	return last_seq;
}

/* ---- parts ------------------------------------------------------------- */

static struct part *
part_new(struct mail *m, struct route *r, size_t n)
{
	struct part	*p;

	p = calloc(1, offsetof(struct part, rcpts) + n * sizeof(p->rcpts[0]));
	if (p == NULL)
		return NULL;
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
	struct mail	*m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->id = *id;
	m->arrived = arrived;
	m->size = size;
	m->flags = (uint8_t)flags;
	if (order_append(m) == -1)
		goto fail;
	if (id_insert(m) == -1) {
		n_order--;
		goto fail;
	}
	totals.messages++;
	return m;
fail:
	free(m);
	return NULL;
}

void
mail_free(struct mail *m)
{
	while (m->parts != NULL)
		part_free(m->parts);
	id_remove(m);
	order[order_above(m->seq - 1)].m = NULL;
	n_holes++;
	totals.messages--;
	free(m);
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

static size_t
chunk(size_t n)
{
	return (n + sizeof(size_t) + CHUNK - 1) / CHUNK * CHUNK;
}

size_t
mail_cost(size_t n)
{
	size_t	 part = offsetof(struct part, rcpts) + n * sizeof(uint16_t);

	/* of an array that has just doubled, half was never touched */
	return chunk(sizeof(struct mail)) + chunk(part) +
	    chunk(sizeof(struct turn)) + sizeof(struct place) +
	    sizeof(struct mail *) + sizeof(struct part *);
}
