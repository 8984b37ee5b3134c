/*
 * Records that the manager causes, put into the open batch: the one place
 * where they are encoded.
 */
#ifndef APPEND_H
#define APPEND_H

#include "record.h"
#include "spool.h"

struct append_message {
	const struct envelope	*envelope;	/* or, if it is NULL ... */
	struct str		 encoded;	/* ... as envelope_put has it */
	struct record_content	 content;
	struct str		 header;
	struct str		 body;		/* none if it is in large/ */
};

/* The size of the record, to within the lengths of addresses. */
size_t	 append_size(const struct append_message *);
/* All borrowed until it returns; stored is told also of a failure. */
void	 append_message(const struct append_message *, spool_stored,
	    void *arg);

#endif
