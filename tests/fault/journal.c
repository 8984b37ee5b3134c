/*
 * See journal.h.
 */
#include "journal.h"

#include <sys/mman.h>

#include <stdbool.h>
#include <string.h>

#include "log.h"

struct journal *
journal_new(void)
{
	struct journal	*j;

	j = mmap(NULL, sizeof(*j), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (j == MAP_FAILED)
		fatal("no memory for a journal");
	return j;
}

void
journal_empty(struct journal *j)
{
	j->n = j->octets = 0;
}

static bool
is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* zeros, of which segments are made, take no memory */
static const uint8_t *
keep(struct journal *j, const uint8_t *p, size_t n)
{
	uint8_t	*copy = j->data + j->octets;

	if (is_zero(p, n))
		return NULL;
	if (n > JOURNAL_OCTETS - j->octets)
		fatal("the journal is full of data");
	memcpy(copy, p, n);
	j->octets += n;
	return copy;
}

const struct op *
journal_add(struct journal *j, const struct op *op)
{
	struct op	*own = &j->ops[j->n];

	if (j->n == JOURNAL_OPS)
		fatal("the journal is full");
	*own = *op;
	own->number = (unsigned)j->n++;
	if (op->kind == OP_WRITE && op->data != NULL)
		own->data = keep(j, op->data, (size_t)op->len);
	return own;
}
