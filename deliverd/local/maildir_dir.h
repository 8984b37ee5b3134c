/*
 * The directories of a Maildir, opened without following links, and found to
 * be the user's own.  For maildir.c.
 */
#ifndef MAILDIR_DIR_H
#define MAILDIR_DIR_H

struct maildir_dirs {
	int	 tmp, new;		/* descriptors */
};

/*
 * Opens, and makes what is missing, cur included.  -1 with errno; ELOOP: a
 * link is in the way, ENOTDIR: something else, EPERM: not ours alone.
 */
int	 maildir_open(const char *base, const char *below,
	    struct maildir_dirs *);
void	 maildir_close(struct maildir_dirs *);
/* Removes what is too old to be in tmp for a good reason. */
void	 maildir_clean(int tmp);

#endif
