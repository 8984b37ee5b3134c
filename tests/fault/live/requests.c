/*
 * See requests.h.  The kernel is told to remember nothing but content.
 */
#define FUSE_USE_VERSION 31

#include "requests.h"

#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "slow.h"
#include "tree.h"
#include "xmalloc.h"

#include "control.h"

#define BLOCKS	(1u << 24)	/* of a disk that is not full */

/* a directory as it was when it was opened */
struct listing {
	fuse_req_t	 request;
	unsigned	 node;
	char		*p;
	size_t		 n;
};

static void
do_init(void *arg, struct fuse_conn_info *c)
{
	(void)arg;
	/* an open that truncates is two requests then, as it is two steps */
	c->want &= ~(unsigned)FUSE_CAP_ATOMIC_O_TRUNC;
}

/* --- names --- */

static struct fuse_entry_param
entry_of(unsigned node)
{
	struct fuse_entry_param	 e = { .ino = node };

	if (node != 0)
		tree_stat(node, &e.attr);
	return e;
}

static void
reply_entry(fuse_req_t req, int error, unsigned node)
{
	struct fuse_entry_param	 e = entry_of(error == 0 ? node : 0);

	if (error != 0)
		fuse_reply_err(req, error);
	else
		fuse_reply_entry(req, &e);
}

static void
do_lookup(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	unsigned	 node = model_lookup((unsigned)dir, name);

	reply_entry(req, node == 0 ? ENOENT : 0, node);
}

static int
make(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode,
    unsigned *node)
{
	const struct fuse_ctx	*who = fuse_req_ctx(req);

	return tree_make((unsigned)dir, name, mode & ~who->umask, who->uid,
	    who->gid, node);
}

static void
do_mkdir(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode)
{
	unsigned	 node = 0;
	int		 error = make(req, dir, name, S_IFDIR | mode, &node);

	reply_entry(req, error, node);
}

static void
do_create(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode,
    struct fuse_file_info *fi)
{
	unsigned		 node = model_lookup((unsigned)dir, name);
	struct fuse_entry_param	 e;
	int			 error = 0;

	if (node != 0 && (fi->flags & O_EXCL) != 0)
		error = EEXIST;
	else if (node == 0)
		error = make(req, dir, name, S_IFREG | mode, &node);
	else if ((fi->flags & O_TRUNC) != 0)
		tree_truncate(node, 0);
	if (error != 0) {
		fuse_reply_err(req, error);
		return;
	}
	e = entry_of(node);
	fuse_reply_create(req, &e, fi);
}

static void
do_link(fuse_req_t req, fuse_ino_t node, fuse_ino_t dir, const char *name)
{
	int	 error = tree_link((unsigned)node, (unsigned)dir, name);

	reply_entry(req, error, (unsigned)node);
}

static void
do_unlink(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	fuse_reply_err(req, tree_unlink((unsigned)dir, name));
}

static void
do_rmdir(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	fuse_reply_err(req, tree_rmdir((unsigned)dir, name));
}

static void
do_rename(fuse_req_t req, fuse_ino_t from, const char *old, fuse_ino_t to,
    const char *new, unsigned flags)
{
	fuse_reply_err(req, flags != 0 ? EINVAL :
	    tree_rename((unsigned)from, old, (unsigned)to, new));
}

/* --- attributes --- */

static void
do_getattr(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	struct stat	 st;

	(void)fi;
	tree_stat((unsigned)node, &st);
	fuse_reply_attr(req, &st, 0);
}

static void
do_setattr(fuse_req_t req, fuse_ino_t node, struct stat *to, int what,
    struct fuse_file_info *fi)
{
	struct stat	 st;

	if ((what & FUSE_SET_ATTR_SIZE) != 0)
		tree_truncate((unsigned)node, (uint64_t)to->st_size);
	tree_stat((unsigned)node, &st);
	if ((what & FUSE_SET_ATTR_MODE) != 0)
		st.st_mode = (st.st_mode & S_IFMT) | (to->st_mode & 07777);
	if ((what & FUSE_SET_ATTR_UID) != 0)
		st.st_uid = to->st_uid;
	if ((what & FUSE_SET_ATTR_GID) != 0)
		st.st_gid = to->st_gid;
	if ((what & FUSE_SET_ATTR_MTIME) != 0)
		st.st_mtim = to->st_mtim;
	tree_set_stat((unsigned)node, &st);
	do_getattr(req, node, fi);
}

static void
do_statfs(fuse_req_t req, fuse_ino_t node)
{
	const struct statvfs	 fs = { .f_bsize = 4096, .f_frsize = 4096,
	    .f_blocks = BLOCKS, .f_bfree = BLOCKS, .f_bavail = BLOCKS,
	    .f_files = BLOCKS, .f_ffree = BLOCKS, .f_favail = BLOCKS,
	    .f_namemax = OP_NAME_SIZE - 1 };

	(void)node;
	fuse_reply_statfs(req, &fs);
}

/* --- content --- */

static void
do_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	(void)node;
	fuse_reply_open(req, fi);
}

static void
do_read(fuse_req_t req, fuse_ino_t node, size_t n, off_t at,
    struct fuse_file_info *fi)
{
	char	*p = xmalloc(n + 1);

	(void)fi;
	n = model_read((unsigned)node, p, n, (uint64_t)at);
	fuse_reply_buf(req, p, n);
	free(p);
}

static void
do_write(fuse_req_t req, fuse_ino_t node, const char *p, size_t n, off_t at,
    struct fuse_file_info *fi)
{
	(void)fi;
	tree_write((unsigned)node, p, n, (uint64_t)at);
	fuse_reply_write(req, n);
}

static void
do_fsync(fuse_req_t req, fuse_ino_t node, int data_only,
    struct fuse_file_info *fi)
{
	(void)data_only, (void)fi;
	slow_sync(req, node);
}

/* --- directories --- */

static void
add_name(void *arg, const char *name)
{
	struct listing	*l = arg;
	struct stat	 st;
	size_t		 n = fuse_add_direntry(l->request, NULL, 0, name,
	    NULL, 0);

	tree_stat(model_lookup(l->node, name), &st);
	l->p = xreallocarray(l->p, l->n + n, 1);
	fuse_add_direntry(l->request, l->p + l->n, n, name, &st,
	    (off_t)(l->n + n));
	l->n += n;
}

static void
do_opendir(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	struct listing	*l = xcalloc(1, sizeof(*l));

	l->request = req;
	l->node = (unsigned)node;
	model_list(l->node, add_name, l);
	fi->fh = (uint64_t)(uintptr_t)l;
	fuse_reply_open(req, fi);
}

static void
do_readdir(fuse_req_t req, fuse_ino_t node, size_t n, off_t at,
    struct fuse_file_info *fi)
{
	const struct listing	*l = (struct listing *)(uintptr_t)fi->fh;
	size_t			 left = (size_t)at < l->n ?
	    l->n - (size_t)at : 0;

	(void)node;
	if (left == 0)
		fuse_reply_buf(req, NULL, 0);
	else
		fuse_reply_buf(req, l->p + at, n < left ? n : left);
}

static void
do_releasedir(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	struct listing	*l = (struct listing *)(uintptr_t)fi->fh;

	(void)node;
	free(l->p);
	free(l);
	fuse_reply_err(req, 0);
}

/* --- the test --- */

static void
do_setxattr(fuse_req_t req, fuse_ino_t node, const char *name,
    const char *value, size_t n, int flags)
{
	(void)flags;
	fuse_reply_err(req, node != MODEL_ROOT ? ENOTSUP :
	    control_set(name, value, n));
}

static void
do_getxattr(fuse_req_t req, fuse_ino_t node, const char *name, size_t size)
{
	char	 text[CONTROL_TEXT];
	size_t	 n = control_get(name, text);

	if (node != MODEL_ROOT || n == 0)
		fuse_reply_err(req, ENODATA);
	else if (size == 0)
		fuse_reply_xattr(req, n);
	else if (size < n)
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, text, n);
}

const struct fuse_lowlevel_ops	 requests = {
	.init = do_init,
	.lookup = do_lookup,
	.getattr = do_getattr, .setattr = do_setattr, .statfs = do_statfs,
	.mkdir = do_mkdir, .create = do_create, .link = do_link,
	.unlink = do_unlink, .rmdir = do_rmdir, .rename = do_rename,
	.open = do_open, .read = do_read, .write = do_write,
	.fsync = do_fsync, .fsyncdir = do_fsync,
	.opendir = do_opendir, .readdir = do_readdir,
	.releasedir = do_releasedir,
	.setxattr = do_setxattr, .getxattr = do_getxattr,
};
