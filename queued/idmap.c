/*
 * Open addressing with linear probing; a removal closes the gap, so there
 * are no tombstones and a table that lived long is as fast as a new one.
 */
#include "idmap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keyed.h"

#define FIRST_SIZE	64

static size_t
home(const struct idmap *m, const struct msgid *id)
{
	return (size_t)keyed_hash(id->b, MSGID_LEN) & (m->size - 1);
}

/* the slot of id, or the free one where it would be */
static struct idmap_slot *
find(const struct idmap *m, const struct msgid *id)
{
	size_t	 i = home(m, id);

	while (m->slots[i].value != NULL && !msgid_equal(&m->slots[i].id, id))
		i = (i + 1) & (m->size - 1);
	return &m->slots[i];
}

void *
idmap_get(const struct idmap *m, const struct msgid *id)
{
	return m->size != 0 ? find(m, id)->value : NULL;
}

static int
grow(struct idmap *m)
{
	struct idmap	 to = { NULL, m->size != 0 ? m->size * 2 : FIRST_SIZE,
	    m->n };

	to.slots = calloc(to.size, sizeof(*to.slots));
	if (to.slots == NULL)
		return -1;
	for (size_t i = 0; i < m->size; i++)
		if (m->slots[i].value != NULL)
			*find(&to, &m->slots[i].id) = m->slots[i];
	free(m->slots);
	*m = to;
	return 0;
}

int
idmap_put(struct idmap *m, const struct msgid *id, void *value)
{
	struct idmap_slot	*s;

	/* at most three quarters full */
	if (m->n >= m->size / 4 * 3 && grow(m) == -1)
		return -1;
	s = find(m, id);
	if (s->value == NULL)
		m->n++;
	*s = (struct idmap_slot){ *id, value };
	return 0;
}

void *
idmap_remove(struct idmap *m, const struct msgid *id)
{
	struct idmap_slot	*s;
	size_t			 gap, i, mask = m->size - 1;
	void			*value;

	if (m->size == 0 || (value = (s = find(m, id))->value) == NULL)
		return NULL;
	gap = i = (size_t)(s - m->slots);
	for (;;) {
		i = (i + 1) & mask;
		if (m->slots[i].value == NULL)
			break;
		/* may it move into the gap, or is its home after it? */
		if (((i - home(m, &m->slots[i].id)) & mask) >=
		    ((i - gap) & mask)) {
			m->slots[gap] = m->slots[i];
			gap = i;
		}
	}
	m->slots[gap].value = NULL;
	m->n--;
	return value;
}

void
idmap_clear(struct idmap *m)
{
	free(m->slots);
	*m = (struct idmap){ NULL, 0, 0 };
}
