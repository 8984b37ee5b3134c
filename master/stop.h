/*
 * The end of a run, in good order: takers of mail first, then carriers, the
 * queue, the rest, and the log at last.
 */
#ifndef STOP_H
#define STOP_H

/*
 * Begins it; the loop ends when all processes are down.  status is what
 * master then exits with; the first call decides.
 */
void	 stop_all(int status);
/* A process has ended: if one stops, see whether that was waited for. */
void	 stop_go_on(void);

#endif
