/*
 * From old indexes to new ones, by name.
 */
#include "numbering.h"

static size_t
count(const struct conf *conf, numbering_name name)
{
	size_t	 n = 0;

	while (n < NUMBERING_MAX && name(conf, n).n != 0)
		n++;
	return n;
}

static size_t
find(const struct conf *conf, size_t n, numbering_name name, struct str wanted)
{
	size_t	 i = 0;

	while (i < n && !str_equal(name(conf, i), wanted))
		i++;
	return i;
}

void
numbering_set(struct numbering *x, const struct conf *old,
    const struct conf *conf, numbering_name name)
{
	x->conf = x->before = conf->number;
	x->n = count(conf, name);
	x->n_before = 0;
	if (old == NULL)
		return;
	x->before = old->number;
	x->n_before = count(old, name);
	for (size_t i = 0; i < x->n_before; i++)
		x->now[i] = (uint16_t)find(conf, x->n, name, name(old, i));
}

int
numbering_find(const struct numbering *x, uint32_t conf, unsigned i)
{
	if (conf != x->conf) {
		if (conf != x->before || i >= x->n_before)
			return -1;
		i = x->now[i];
	}
	return i < x->n ? (int)i : -1;
}
