/*
 * See tree.h.
 */
#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "model.h"

#define NODES_MAX	4096	/* as the model has */

struct attributes {
	mode_t	 mode;
	uid_t	 uid;
	gid_t	 gid;
	time_t	 changed;
};

static struct journal		*journal;
static struct attributes	 attributes[NODES_MAX];

static void
happen(const struct op *op)
{
	model_apply(journal_add(journal, op));
}

void
tree_init(void)
{
	journal = journal_new();
	model_init();
	attributes[MODEL_ROOT] = (struct attributes){ S_IFDIR | 0755, 0, 0,
	    time(NULL) };
}

const struct journal *
tree_journal(void)
{
	return journal;
}

/* --- names -------------------------------------------------------------- */

bool
tree_is_name(const char *name)
{
	return strlen(name) < OP_NAME_SIZE;
}

static void
change_name(enum op_kind kind, unsigned dir, const char *name,
    unsigned target)
{
	struct op	 op = { .kind = kind, .node = dir, .target = target };

	snprintf(op.name, sizeof(op.name), "%s", name);
	happen(&op);
	attributes[dir].changed = time(NULL);
}

int
tree_make(unsigned dir, const char *name, mode_t mode, uid_t uid, gid_t gid,
    unsigned *node)
{
	if (!tree_is_name(name))
		return ENAMETOOLONG;
	if (model_lookup(dir, name) != 0)
		return EEXIST;
	*node = model_next_node();
	if (*node >= NODES_MAX - 1)
		return ENOSPC;
	happen(&(struct op){ .kind = S_ISDIR(mode) ? OP_DIRECTORY :
	    OP_FILE });
	attributes[*node] = (struct attributes){ mode, uid, gid, time(NULL) };
	change_name(OP_ENTER, dir, name, *node);
	return 0;
}

int
tree_link(unsigned node, unsigned dir, const char *name)
{
	if (!tree_is_name(name))
		return ENAMETOOLONG;
	if (model_lookup(dir, name) != 0)
		return EEXIST;
	change_name(OP_ENTER, dir, name, node);
	return 0;
}

int
tree_unlink(unsigned dir, const char *name)
{
	if (model_lookup(dir, name) == 0)
		return ENOENT;
	change_name(OP_LEAVE, dir, name, 0);
	return 0;
}

static void
count(void *arg, const char *name)
{
	(void)name;
	++*(size_t *)arg;
}

int
tree_rmdir(unsigned dir, const char *name)
{
	unsigned	 node = model_lookup(dir, name);
	size_t		 n = 0;

	if (node == 0 || !model_is_directory(node))
		return node == 0 ? ENOENT : ENOTDIR;
	model_list(node, count, &n);
	return n != 0 ? ENOTEMPTY : tree_unlink(dir, name);
}

/* Two operations, of which a cut may keep either. */
int
tree_rename(unsigned from, const char *old, unsigned to, const char *new)
{
	unsigned	 node = model_lookup(from, old);

	if (!tree_is_name(new))
		return ENAMETOOLONG;
	if (node == 0)
		return ENOENT;
	if (model_lookup(to, new) == node)
		return 0;
	change_name(OP_ENTER, to, new, node);
	change_name(OP_LEAVE, from, old, node);
	return 0;
}

/* --- content ------------------------------------------------------------ */

void
tree_write(unsigned node, const void *p, size_t n, uint64_t offset)
{
	happen(&(struct op){ .kind = OP_WRITE, .node = node,
	    .offset = offset, .len = n, .data = p });
	attributes[node].changed = time(NULL);
}

/* In the model a truncation says how long the file is and drops what was
 * longer; one that makes a file longer is a write of nothing. */
void
tree_truncate(unsigned node, uint64_t size)
{
	if (size > model_size(node))
		happen(&(struct op){ .kind = OP_WRITE, .node = node,
		    .offset = model_size(node),
		    .len = size - model_size(node) });
	else
		happen(&(struct op){ .kind = OP_TRUNCATE, .node = node,
		    .len = size });
	attributes[node].changed = time(NULL);
}

void
tree_sync(unsigned node, size_t before)
{
	happen(&(struct op){ .kind = OP_SYNC, .node = node,
	    .offset = before });
}

void
tree_mark(const char *text)
{
	struct op	 op = { .kind = OP_NOTE };

	snprintf(op.name, sizeof(op.name), "%s", text);
	journal_add(journal, &op);
}

/* --- attributes --------------------------------------------------------- */

void
tree_stat(unsigned node, struct stat *st)
{
	const struct attributes	*a = &attributes[node];

	*st = (struct stat){ .st_ino = node, .st_mode = a->mode,
	    .st_uid = a->uid, .st_gid = a->gid, .st_blksize = 4096,
	    .st_mtim.tv_sec = a->changed, .st_ctim.tv_sec = a->changed };
	st->st_nlink = S_ISDIR(a->mode) ? 2 : model_links(node);
	if (!S_ISDIR(a->mode))
		st->st_size = (off_t)model_size(node);
	st->st_blocks = (st->st_size + 511) / 512;
}

void
tree_set_stat(unsigned node, const struct stat *st)
{
	attributes[node] = (struct attributes){ st->st_mode, st->st_uid,
	    st->st_gid, st->st_mtim.tv_sec };
}
