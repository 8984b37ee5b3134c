/*
 * Files and directories as a file system has them, on the model of a disk
 * that forgets (model.h): each change is an operation in the journal, from
 * which every state that the disk has been in can be made again.  Owners,
 * modes and times are of now alone: no power cut takes them back.
 *
 * Inode numbers are nodes of the model; none is ever used again.
 */
#ifndef TREE_H
#define TREE_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"

/* An empty disk; owned by root, for all to enter. */
void			 tree_init(void);
const struct journal	*tree_journal(void);

/* --- changing: 0, or an errno --- */

/* mode: a file or a directory; node: what has been made. */
int	 tree_make(unsigned dir, const char *name, mode_t mode, uid_t, gid_t,
	    unsigned *node);
int	 tree_link(unsigned node, unsigned dir, const char *name);
int	 tree_unlink(unsigned dir, const char *name);
int	 tree_rmdir(unsigned dir, const char *name);
int	 tree_rename(unsigned from, const char *old, unsigned to,
	    const char *new);
void	 tree_write(unsigned node, const void *, size_t n, uint64_t offset);
void	 tree_truncate(unsigned node, uint64_t size);
/*
 * What was done to the node before operation `before` of the journal is
 * durable; what came later is not, unless it was synced as well.
 */
void	 tree_sync(unsigned node, size_t before);
/* Something that the test was told, in no more than OP_NAME_SIZE - 1
 * characters. */
void	 tree_mark(const char *text);

/* --- looking --- */

void	 tree_stat(unsigned node, struct stat *);
/* Takes mode, owner and time of modification from there. */
void	 tree_set_stat(unsigned node, const struct stat *);
bool	 tree_is_name(const char *);		/* short enough */

#endif
