/*
 * Which segments the log has, by the names of their files.
 */
#ifndef SEGMENT_NAMES_H
#define SEGMENT_NAMES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Their numbers in rising order, in an array that the caller frees.  other is
 * called for each name that is neither a segment's nor an index's.  0, or -1
 * with errno.
 */
int	 segment_names(uint32_t **numbers, size_t *n,
	    void (*other)(const char *name));

#endif
