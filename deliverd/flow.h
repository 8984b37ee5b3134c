/*
 * How many connections a destination, or a host, is good for: one more each
 * time that as many mails have gone well as there may be connections, half as
 * many after a refusal.  Pure: time is an argument.
 */
#ifndef FLOW_H
#define FLOW_H

#include <stdint.h>

#define FLOW_FIRST	5	/* may be opened before anything is known */
/* Connections that fail together fail for one reason: they count once. */
#define FLOW_ONCE_MS	1000

/* All zero: nothing is known yet. */
struct flow {
	uint32_t	 limit;		/* 0: FLOW_FIRST */
	uint32_t	 good;		/* mails since it was last raised */
	uint64_t	 bad_ms;	/* when it was last halved */
};

/* Of at most max, which is not 0: never 0. */
uint32_t	 flow_limit(const struct flow *, uint32_t max);
/* A mail went well. */
void		 flow_good(struct flow *, uint32_t max);
/* A connection was refused, or broke before it did any good. */
void		 flow_bad(struct flow *, uint32_t max, uint64_t now_ms);

#endif
