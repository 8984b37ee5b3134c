/*
 * The hash for every table in memory whose keys others choose: SipHash with
 * a key drawn at the start of the process, so that nobody can make keys that
 * fall together.
 */
#ifndef KEYED_H
#define KEYED_H

#include <stddef.h>
#include <stdint.h>

uint64_t	 keyed_hash(const void *, size_t);

#endif
