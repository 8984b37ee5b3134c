/*
 * Files that master opens for others.
 */
#ifndef REGULAR_H
#define REGULAR_H

/*
 * A regular file, open for reading; -1: errno.  Nothing else of that name is
 * waited for, such as the other end of a FIFO.
 */
int	 regular_open(const char *path);
/*
 * The same file once more (its name may be another's by now), to be read
 * from its beginning; fd is borrowed.  -1: errno.
 */
int	 regular_again(int fd);

#endif
