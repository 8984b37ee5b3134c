/*
 * See model.h.  There are few files and few pending operations, so every
 * question is answered by walking through them.
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "xmalloc.h"

#define NODES_MAX	4096
#define ENTRIES_MAX	256	/* of one directory */
#define PENDING_MAX	8192

struct entry {
	char		 name[OP_NAME_SIZE];
	unsigned	 node;
};

/* what is durable of a file or directory */
struct node {
	bool		 is_directory;
	uint8_t		*data;
	uint64_t	 size, allocated;
	struct entry	*entries;
	size_t		 n;
};

struct pending {
	const struct op	*op;
	bool		 spoilt;
	bool		 synced;	/* durable: above what is spoilt and may
					 * yet be found on the disk below it */
};

static struct node	 nodes[NODES_MAX];
static unsigned		 n_nodes;	/* the last one's number */
static struct pending	 pending[PENDING_MAX];
static size_t		 n_pending;
static unsigned		 epoch;

/* --- the base --- */

static void
resize(struct node *f, uint64_t size)
{
	if (size > f->allocated) {
		f->data = xreallocarray(f->data, (size_t)size, 1);
		f->allocated = size;
	}
	if (size > f->size)
		memset(f->data + f->size, 0, (size_t)(size - f->size));
	f->size = size;
}

static void
put(struct node *f, const struct op *op, uint64_t from, uint64_t n)
{
	if (op->offset + from + n > f->size)
		resize(f, op->offset + from + n);
	if (op->data != NULL)
		memcpy(f->data + op->offset + from, op->data + from, n);
	else
		memset(f->data + op->offset + from, 0, n);
}

/* Some sectors of a write, or none but its size; and its size is there or
 * not, as it comes. */
static void
put_torn(struct node *f, const struct op *op, uint64_t seed)
{
	uint64_t	 end = op->offset + op->len;
	bool		 zeros = mix(seed, ~end) % 8 == 0;

	for (uint64_t at = 0; !zeros && at < op->len; at += CUT_SECTOR) {
		uint64_t	 left = op->len - at;

		if (mix(seed, at) & 1)
			put(f, op, at, left < CUT_SECTOR ? left :
			    CUT_SECTOR);
	}
	if (end > f->size && (zeros || mix(seed, end) & 1))
		resize(f, end);
}

static void
leave(struct node *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->entries[i].name, name) == 0)
			d->entries[i--] = d->entries[--d->n];
}

static void
enter(struct node *d, const char *name, unsigned node)
{
	leave(d, name);
	if (d->entries == NULL)
		d->entries = xcalloc(ENTRIES_MAX, sizeof(*d->entries));
	if (d->n == ENTRIES_MAX)
		fatal("a directory has too many names");
	d->entries[d->n].node = node;
	memcpy(d->entries[d->n++].name, name, OP_NAME_SIZE);
}

static void
settle(const struct op *op, enum fate fate, uint64_t seed)
{
	struct node	*node = &nodes[op->node];

	if (fate == FATE_LOST)
		return;
	switch (op->kind) {
	case OP_ENTER:
		enter(node, op->name, op->target);
		break;
	case OP_LEAVE:
		leave(node, op->name);
		break;
	case OP_WRITE:
		if (fate == FATE_PARTLY)
			put_torn(node, op, seed);
		else
			put(node, op, 0, op->len);
		break;
	case OP_TRUNCATE:
		resize(node, op->len);
		break;
	default:
		fatal("an operation of kind %d is never pending", op->kind);
	}
}

/* --- changing --- */

void
model_init(void)
{
	for (unsigned i = 1; i <= n_nodes; i++) {
		free(nodes[i].data);
		free(nodes[i].entries);
	}
	memset(nodes, 0, sizeof(nodes));
	n_nodes = MODEL_ROOT;
	nodes[MODEL_ROOT].is_directory = true;
	n_pending = 0;
	epoch = 0;
}

unsigned
model_next_node(void)
{
	return n_nodes + 1;
}

static void
new_node(bool is_directory)
{
	if (++n_nodes == NODES_MAX)
		fatal("too many files");
	nodes[n_nodes].is_directory = is_directory;
}

/* Whether the sync is for that one: of its node, and not later. */
static bool
is_synced_by(const struct op *op, const struct op *sync)
{
	return op->node == sync->node &&
	    (sync->offset == 0 || op->number < sync->offset);
}

static void
sync_node(const struct op *sync)
{
	size_t	 left = 0;
	bool	 spoilt = false;

	for (size_t i = 0; i < n_pending; i++) {
		struct pending	*p = &pending[i];
		bool		 its = is_synced_by(p->op, sync);

		if (its) {
			spoilt |= p->spoilt;
			p->synced = !p->spoilt;
			if (p->synced)
				settle(p->op, FATE_KEPT, 0);
		}
		if (!its || p->spoilt || spoilt)
			pending[left++] = *p;
	}
	if (left != n_pending)
		epoch++;
	n_pending = left;
}

static void
spoil_node(unsigned node)
{
	for (size_t i = 0; i < n_pending; i++)
		if (pending[i].op->node == node && !pending[i].synced)
			pending[i].spoilt = true;
}

static void
add_pending(const struct op *op)
{
	if (n_pending == PENDING_MAX)
		fatal("too many pending operations");
	pending[n_pending++] = (struct pending){ op, false, false };
}

void
model_apply(const struct op *op)
{
	const struct cut	 cut = { CUT_RANDOM, 0, op->offset };

	switch (op->kind) {
	case OP_FILE:
	case OP_DIRECTORY:
		new_node(op->kind == OP_DIRECTORY);
		break;
	case OP_SYNC:
		sync_node(op);
		break;
	case OP_SPOIL:
		spoil_node(op->node);
		break;
	case OP_CUT:
		model_cut(&cut);
		break;
	default:
		add_pending(op);
		break;
	}
}

void
model_cut(const struct cut *cut)
{
	if (cut->kind == CUT_KILL)
		return;
	for (size_t i = 0; i < n_pending; i++) {
		const struct op	*op = pending[i].op;

		settle(op, pending[i].synced ? FATE_KEPT :
		    cut_fate(cut, i, op), mix(cut->seed, i));
	}
	n_pending = 0;
	epoch++;
}

/* --- looking --- */

size_t
model_pending_n(void)
{
	return n_pending;
}

const struct op *
model_pending(size_t i)
{
	return pending[i].op;
}

bool
model_is_spoilt(void)
{
	for (size_t i = 0; i < n_pending; i++)
		if (pending[i].spoilt)
			return true;
	return false;
}

unsigned
model_epoch(void)
{
	return epoch;
}

bool
model_is_directory(unsigned node)
{
	return nodes[node].is_directory;
}

unsigned
model_lookup(unsigned directory, const char *name)
{
	const struct node	*d = &nodes[directory];

	for (size_t i = n_pending; i-- > 0;) {
		const struct op	*op = pending[i].op;

		if (op->node == directory && strcmp(op->name, name) == 0)
			return op->kind == OP_ENTER ? op->target : 0;
	}
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->entries[i].name, name) == 0)
			return d->entries[i].node;
	return 0;
}

/* Every name that may be there, once; how many there are. */
static size_t
names(unsigned directory, struct entry *list)
{
	const struct node	*d = &nodes[directory];
	size_t			 n = 0, i;

	for (i = 0; i < d->n; i++)
		list[n++] = d->entries[i];
	for (size_t p = 0; p < n_pending; p++) {
		const struct op	*op = pending[p].op;

		if (op->node != directory || op->kind != OP_ENTER)
			continue;
		for (i = 0; i < n; i++)
			if (strcmp(list[i].name, op->name) == 0)
				break;
		if (i == n && n < ENTRIES_MAX)
			memcpy(list[n++].name, op->name, OP_NAME_SIZE);
	}
	return n;
}

void
model_list(unsigned directory, void (*each)(void *, const char *), void *arg)
{
	struct entry	 list[ENTRIES_MAX];
	size_t		 n = names(directory, list);

	for (size_t i = 0; i < n; i++)
		if (model_lookup(directory, list[i].name) != 0)
			each(arg, list[i].name);
}

unsigned
model_links(unsigned node)
{
	struct entry	 list[ENTRIES_MAX];
	unsigned	 links = 0;
	size_t		 n;

	for (unsigned d = 1; d <= n_nodes; d++) {
		if (!nodes[d].is_directory)
			continue;
		n = names(d, list);
		for (size_t i = 0; i < n; i++)
			links += model_lookup(d, list[i].name) == node;
	}
	return links;
}

static bool
is_about(const struct op *op, unsigned node)
{
	return op->node == node &&
	    (op->kind == OP_WRITE || op->kind == OP_TRUNCATE);
}

uint64_t
model_size(unsigned node)
{
	uint64_t	 size = nodes[node].size;

	for (size_t i = 0; i < n_pending; i++) {
		const struct op	*op = pending[i].op;

		if (!is_about(op, node))
			continue;
		if (op->kind == OP_TRUNCATE || op->offset + op->len > size)
			size = op->offset + op->len;
	}
	return size;
}

/* op as it shows in the n octets at p, which are those from offset on */
static void
lay_over(uint8_t *p, size_t n, uint64_t offset, const struct op *op)
{
	uint64_t	 from = op->offset + (op->kind == OP_TRUNCATE ?
	    op->len : 0);
	uint64_t	 to = op->kind == OP_TRUNCATE ? UINT64_MAX :
	    op->offset + op->len;

	if (from < offset)
		from = offset;
	if (to > offset + n)
		to = offset + n;
	if (from >= to)
		return;
	if (op->data == NULL)
		memset(p + (from - offset), 0, (size_t)(to - from));
	else
		memcpy(p + (from - offset), op->data + (from - op->offset),
		    (size_t)(to - from));
}

size_t
model_read(unsigned node, void *buf, size_t n, uint64_t offset)
{
	const struct node	*f = &nodes[node];
	uint64_t		 size = model_size(node);
	size_t			 base = 0;

	if (offset >= size)
		return 0;
	if (n > size - offset)
		n = (size_t)(size - offset);
	if (offset < f->size)
		base = n < f->size - offset ? n : (size_t)(f->size - offset);
	if (base != 0)
		memcpy(buf, f->data + offset, base);
	memset((uint8_t *)buf + base, 0, n - base);
	for (size_t i = 0; i < n_pending; i++)
		if (is_about(pending[i].op, node))
			lay_over(buf, n, offset, pending[i].op);
	return n;
}
