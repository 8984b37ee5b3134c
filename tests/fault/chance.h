/*
 * libsodium's random octets, drawn from a seed: the keys of segments and of
 * tables come again with it, and so does everything else.
 */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdint.h>

/* Before libsodium is started in this process, or to begin anew. */
void	 chance_begin(uint64_t seed);

#endif
