/*
 * A message's way into the queue: from smtpd, from ourselves (a report), or
 * found in the spool at the start.  Routes its recipients, has it stored and
 * hands it to the schedule.
 */
#ifndef INTAKE_H
#define INTAKE_H

#include "envelope.h"
#include "messages.h"
#include "spool.h"
#include "str.h"

/* text says why where it is not STORE_OK; may be empty. */
typedef void (*intake_done)(void *arg, enum store_result, const char *text);

/*
 * Stores a message of a new id.  All borrowed; large as for spool_store
 * (taken in every case).  done is called once, perhaps before this returns.
 */
void	 intake_store(const struct envelope *, struct str header,
	    struct str body, uint32_t large, uint64_t large_size,
	    intake_done, void *arg);
/* For spool_open. */
void	 intake_found(const struct spool_message *);
/* How many are being stored. */
unsigned intake_open(void);

#endif
