/*
 * SMTP for a program on standard input and output, which the server at the
 * local socket answers (-bs).
 */
#ifndef THROUGH_H
#define THROUGH_H

/*
 * Copies both ways between the socket (taken) and standard input and output
 * until the server closes.  An exit code.
 */
int	 through(int fd);

#endif
