/*
 * A hash table of the values, chained in fixed buckets.
 */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

#include "keyed.h"
#include "xmalloc.h"

#define BUCKETS		16384

struct value {
	struct value	*next;
	uint64_t	 messages, recipients, octets, oldest;
	uint64_t	 message;	/* the last one that had it */
	uint16_t	 n;
	char		 text[];
};

struct tally {
	struct value	*buckets[BUCKETS];
	size_t		 n;
	uint64_t	 message;	/* in hand, counted up */
	uint64_t	 size, arrived;
	uint64_t	 recipients;
	uint64_t	 given_up;	/* the most of one, this time */
	uint64_t	 missed;	/* those of all times */
	struct count_row others;
	struct count_row *rows;		/* of the result */
};

struct tally *
tally_new(void)
{
	return xcalloc(1, sizeof(struct tally));
}

void
tally_free(struct tally *t)
{
	struct value	*v;

	if (t == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while ((v = t->buckets[i]) != NULL) {
			t->buckets[i] = v->next;
			free(v);
		}
	free(t->rows);
	free(t);
}

void
tally_begin(struct tally *t, uint64_t size, uint64_t arrived)
{
	t->message++;
	t->size = size;
	t->arrived = arrived;
}

/* ---- giving up the rare ------------------------------------------------ */

static void
give_up(struct tally *t, struct value **at)
{
	struct value		*v = *at;
	struct count_row	*o = &t->others;

	o->messages += v->messages;
	o->recipients += v->recipients;
	o->octets += v->octets;
	if (o->oldest == 0 || v->oldest < o->oldest)
		o->oldest = v->oldest;
	if (v->messages > t->given_up)
		t->given_up = v->messages;
	*at = v->next;
	free(v);
	t->n--;
}

static void
give_up_below(struct tally *t, uint64_t messages)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct value **at = &t->buckets[i]; *at != NULL;)
			if ((*at)->messages < messages)
				give_up(t, at);
			else
				at = &(*at)->next;
}

/*
 * At least half goes, so that this is seldom.  A value that is given up each
 * time lacks the sum.
 */
static void
make_room(struct tally *t)
{
	t->given_up = 0;
	for (uint64_t below = 2; t->n > TALLY_VALUES / 2; below *= 2)
		give_up_below(t, below);
	t->missed += t->given_up;
}

/* ---- counting ---------------------------------------------------------- */

static struct value *
value_new(struct tally *t, struct str text)
{
	struct value	*v = xcalloc(1, sizeof(*v) + text.n);

	if (text.n != 0)
		memcpy(v->text, text.p, text.n);
	v->n = (uint16_t)text.n;
	v->oldest = t->arrived;
	t->n++;
	return v;
}

static struct value *
value_of(struct tally *t, struct str text)
{
	struct value	**at, *v;

	at = &t->buckets[keyed_hash(text.p, text.n) % BUCKETS];
	for (v = *at; v != NULL; v = v->next)
		if (str_equal(str_bytes(v->text, v->n), text))
			return v;
	if (t->n == TALLY_VALUES)
		make_room(t);
	v = value_new(t, text);
	v->next = *at;
	*at = v;
	return v;
}

void
tally_add(struct tally *t, struct str text, uint64_t n)
{
	struct value	*v;

	if (text.n > REPLY_TEXT_MAX)
		text.n = REPLY_TEXT_MAX;
	v = value_of(t, text);
	t->recipients += n;
	v->recipients += n;
	if (v->message == t->message)
		return;
	v->message = t->message;
	v->messages++;
	v->octets += t->size;
	if (t->arrived < v->oldest)
		v->oldest = t->arrived;
}

/* ---- the result -------------------------------------------------------- */

static int
by_messages(const void *a, const void *b)
{
	const struct value	*x = *(struct value *const *)a;
	const struct value	*y = *(struct value *const *)b;

	if (x->messages != y->messages)
		return x->messages < y->messages ? 1 : -1;
	return (x->recipients < y->recipients) -
	    (x->recipients > y->recipients);
}

static struct value **
sorted(const struct tally *t)
{
	struct value	**list = xcalloc(t->n + 1, sizeof(*list));
	size_t		 n = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct value *v = t->buckets[i]; v != NULL; v = v->next)
			list[n++] = v;
	qsort(list, n, sizeof(*list), by_messages);
	return list;
}

static struct count_row
row_of(const struct value *v)
{
	return (struct count_row){ str_bytes(v->text, v->n), v->messages,
	    v->recipients, v->octets, v->oldest };
}

static void
add_to_others(struct count_row *o, const struct count_row *r)
{
	o->messages += r->messages;
	o->recipients += r->recipients;
	o->octets += r->octets;
	if (o->oldest == 0 || r->oldest < o->oldest)
		o->oldest = r->oldest;
}

void
tally_result(struct tally *t, struct queue_counted *m)
{
	struct value		**list = sorted(t);
	struct count_row	 r;

	t->rows = xcalloc(COUNT_ROWS_MAX, sizeof(*t->rows));
	*m = (struct queue_counted){ .messages = t->message,
	    .recipients = t->recipients, .missed = t->missed,
	    .others = t->others, .rows = t->rows };
	for (size_t i = 0; i < t->n; i++) {
		r = row_of(list[i]);
		if (m->n_rows < COUNT_ROWS_MAX)
			t->rows[m->n_rows++] = r;
		else
			add_to_others(&m->others, &r);
	}
	free(list);
}
