/*
 * The names in a directory.
 */
#ifndef DIRLIST_H
#define DIRLIST_H

/*
 * Calls each for every name but . and .., in no order; the name is borrowed
 * and may be unlinked.  0, or -1 with errno.
 */
int	 dirlist(int dir, void (*each)(void *arg, const char *name),
	    void *arg);

#endif
