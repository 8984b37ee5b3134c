/*
 * A table of open requests.  A slot's number is the lower half of the id,
 * a count that rises with each use the upper half, so that a late answer to
 * an old request finds nothing.
 */
#include "pending.h"

#include <stdlib.h>

#define FIRST_SLOTS	16
#define SLOT(id)	((id) & 0xffff)

void
pending_init(struct pending_table *t)
{
	*t = (struct pending_table){ 0 };
}

static int
grow(struct pending_table *t)
{
	size_t		 n = t->n_slots != 0 ? t->n_slots * 2 : FIRST_SLOTS;
	struct pending	*slots;

	if (n > PENDING_MAX)
		return -1;
	if ((slots = reallocarray(t->slots, n, sizeof(*slots))) == NULL)
		return -1;
	for (size_t i = t->n_slots; i < n; i++)
		slots[i] = (struct pending){ .next_free =
		    i + 1 < n ? (uint32_t)i + 2 : 0 };
	t->free = (uint32_t)t->n_slots + 1;
	t->slots = slots;
	t->n_slots = n;
	return 0;
}

uint32_t
pending_add(struct pending_table *t, uint16_t asked, uint16_t answer,
    pending_lost lost, void *asker, uint64_t deadline_ms)
{
	static uint16_t	 uses;
	struct pending	*p;

	if (t->free == 0 && grow(t) == -1)
		return 0;
	p = &t->slots[t->free - 1];
	if (++uses == 0)
		uses = 1;	/* so that no id is 0 */
	*p = (struct pending){
		.id = (uint32_t)uses << 16 | (t->free - 1),
		.answer = answer, .asked = asked, .lost = lost,
		.asker = asker, .deadline_ms = deadline_ms,
		.next_free = p->next_free,
	};
	t->free = p->next_free;
	if (deadline_ms != 0)
		t->n_timed++;
	return p->id;
}

static struct pending *
find(struct pending_table *t, uint32_t id)
{
	if (id == 0 || SLOT(id) >= t->n_slots || t->slots[SLOT(id)].id != id)
		return NULL;
	return &t->slots[SLOT(id)];
}

static void
untime(struct pending_table *t, struct pending *p)
{
	if (p->deadline_ms != 0)
		t->n_timed--;
	p->deadline_ms = 0;
}

int
pending_take(struct pending_table *t, uint32_t id, uint16_t answer,
    void **asker, uint16_t *asked)
{
	struct pending	*p = find(t, id);

	if (p == NULL || p->answer != answer)
		return -1;
	*asker = p->forgotten ? NULL : p->asker;
	*asked = p->asked;
	untime(t, p);
	p->id = 0;
	p->next_free = t->free;
	t->free = (uint32_t)(p - t->slots) + 1;
	return 0;
}

void
pending_forget(struct pending_table *t, uint32_t id)
{
	struct pending	*p = find(t, id);

	if (p == NULL)
		return;
	untime(t, p);
	p->forgotten = true;
}

/* The callback may add to the table, and so move it. */
static void
lose(struct pending_table *t, size_t i, enum lost_why why)
{
	struct pending	*p = &t->slots[i];

	if (p->id == 0 || p->forgotten)
		return;
	untime(t, p);
	p->forgotten = true;
	if (p->lost != NULL)
		p->lost(p->asker, why);
}

void
pending_expire(struct pending_table *t, uint64_t now_ms)
{
	if (t->n_timed == 0)
		return;
	for (size_t i = 0; i < t->n_slots; i++)
		if (t->slots[i].deadline_ms != 0 &&
		    t->slots[i].deadline_ms <= now_ms)
			lose(t, i, LOST_TIMEOUT);
}

void
pending_clear(struct pending_table *t)
{
	for (size_t i = 0; i < t->n_slots; i++)
		lose(t, i, LOST_PEER);
	free(t->slots);
	pending_init(t);
}
