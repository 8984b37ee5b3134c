/*
 * Master at work: children are started, heard, killed and started again as
 * child.h decides, until stop.h ends it all.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

/* Starts what the configuration wants; all goes on in the event loop. */
void	 supervise_start(void);

#endif
