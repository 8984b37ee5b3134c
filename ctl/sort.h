/*
 * Rows of the queue in another order: what is printed goes into a file
 * first, so that a million rows need some 32 octets of memory each.
 */
#ifndef SORT_H
#define SORT_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

/* age, size, sender, domain, next, tries */
bool	 sort_is_key(const char *name);

void	 sort_begin(const char *key);
void	 sort_add(const struct queue_row *, bool json);
/* At most limit rows, to standard output. */
void	 sort_print(uint64_t limit);

#endif
