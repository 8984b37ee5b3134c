/*
 * The list of recipients, in memory of its own with a maximum.
 */
#include "recipients.h"

#include <stdlib.h>

#include "addrlist.h"

#define FIRST	16
#define TEXTS_MAX	((size_t)RECIPIENTS_MAX * ADDR_STORE_MAX)

void
recipients_init(struct recipients *r)
{
	*r = (struct recipients){ .arena = ARENA_INIT(TEXTS_MAX) };
}

void
recipients_clear(struct recipients *r)
{
	arena_clear(&r->arena);
	free(r->list);
	recipients_init(r);
}

static int
add_one(struct recipients *r, const struct addr *a)
{
	struct recipient	*grown;
	size_t			 size = r->size != 0 ? 2 * r->size : FIRST;

	if (r->n == RECIPIENTS_MAX)
		return -1;
	if (r->n == r->size) {
		grown = reallocarray(r->list, size, sizeof(*grown));
		if (grown == NULL)
			return -1;
		r->list = grown;
		r->size = size;
	}
	if (addr_copy(&r->list[r->n].addr, a, &r->arena) == -1)
		return -1;
	r->list[r->n++].fate = FATE_WAITS;
	return 0;
}

enum recipients_result
recipients_add(struct recipients *r, struct str text)
{
	char			 store[ADDR_STORE_MAX];
	struct addrlist_item	 item;
	struct addrlist		 l;
	int			 more;

	addrlist_init(&l, text);
	while ((more = addrlist_next(&l, store, &item)) == 1)
		if (add_one(r, &item.addr) == -1)
			return RECIPIENTS_TOO_MANY;
	return more == 0 ? RECIPIENTS_OK : RECIPIENTS_BAD;
}

static void
find_twice(struct recipients *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (addr_equal(&r->list[k].addr, &r->list[i].addr)) {
			r->list[i].fate = FATE_TWICE;
			return;
		}
}

int
recipients_settle(struct recipients *r, struct str host)
{
	struct str	 domain = arena_str(&r->arena, host);

	if (domain.p == NULL)
		return -1;
	for (size_t i = 0; i < r->n; i++) {
		if (r->list[i].addr.domain.n == 0)
			r->list[i].addr.domain = domain;
		if (r->list[i].fate == FATE_WAITS)
			find_twice(r, i);
	}
	return 0;
}

size_t
recipients_turn(struct recipients *r, enum fate from, enum fate to)
{
	size_t	 n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].fate == from) {
			r->list[i].fate = to;
			n++;
		}
	return n;
}

size_t
recipients_count(const struct recipients *r, enum fate fate)
{
	size_t	 n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->list[i].fate == fate;
	return n;
}
