/*
 * The end of a transaction: from the end of data to its reply.
 */
#ifndef CMD_DATA_H
#define CMD_DATA_H

#include "messages.h"
#include "session.h"

/* All of the content is there: hands it to queued, or says what is wrong. */
void	data_ended(struct session *);
/* queued's word on it; text may be empty.  Wakes s. */
void	data_stored(struct session *, enum store_result, struct str text);
/* queued's answer about a file for the body (taken; -1: why).  Wakes s. */
void	data_file(struct session *, int fd, uint32_t large,
	    enum store_result);

#endif
