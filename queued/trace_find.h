/*
 * Answering TRACE_ASK: a thread looks through the indexes for a message's
 * events, one question at a time.
 */
#ifndef TRACE_FIND_H
#define TRACE_FIND_H

#include <stdint.h>

#include "messages.h"
#include "peer.h"

struct trace_find;

/* Answers the request, once; ended is called then, or not after cancelling. */
struct trace_find *trace_find(struct peer *, uint32_t id,
	    const struct trace_ask *, void (*ended)(void *), void *arg);
void	 trace_find_cancel(struct trace_find *);

/* trace.c's: the chunk of that number is in its file. */
void	 trace_find_go(uint64_t chunk);

#endif
