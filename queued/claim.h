/*
 * What a batch may claim of the records before it: that they are durable.
 * A start reads that claim as "what is missing below is damage" and as
 * "what is above may be in the kernel's memory alone", so it must wait
 *
 *	at a start, until what is above the last claim is written again;
 *	after a failed flush, until what took the place of its records is
 *	durable, and a VOID record says which sequences were given up.
 */
#ifndef CLAIM_H
#define CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A start: nothing from that sequence on is claimed before claim_all. */
void	 claim_begin(uint64_t below);
void	 claim_all(void);

/* What may be claimed where every record below first has been settled. */
uint64_t claim_of(uint64_t first);

/* n records from first on are given up; what replaces them has sequences
 * below next. */
void	 claim_lost(uint64_t first, size_t n, uint64_t next);
/* A flush went well, and all below settled is: appends a VOID if one is due
 * and it can be. */
void	 claim_settled(uint64_t settled);
/* What became of that VOID. */
void	 claim_told(bool durable);

#endif
