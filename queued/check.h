/*
 * `queued -C DIR`: reads a spool that nobody uses, and prints what is in it
 * as JSON.  Changes nothing; reads in queued's own jail.
 */
#ifndef CHECK_H
#define CHECK_H

/*
 * The exit status: EX_OK; EX_DATAERR when anything is damaged; EX_NOINPUT
 * without a spool there; EX_TEMPFAIL while one is in use; EX_IOERR, EX_OSERR.
 */
int	 check_spool(const char *directory);

#endif
