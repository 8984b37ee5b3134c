/*
 * The jobs that this worker answers for: those in hand, and those whose
 * results queued has not yet made durable.  A queued that was restarted is
 * told all of them, so that nothing is delivered twice or forgotten.
 */
#ifndef KEPT_H
#define KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "result.h"

struct peer;

/* Takes r; -1 (r is freed) when its job's number is in use. */
int	 kept_add(struct result *);
/* The job has ended: to queued with it, now or when there is one again. */
void	 kept_send(struct result *);
/* queued has it: frees it.  -1 when no such result was sent. */
int	 kept_done(uint32_t job);
/* JOB_RESUMEs, JOB_RESUMED and the results not yet kept, to a new queued. */
void	 kept_resume(struct peer *);

#endif
