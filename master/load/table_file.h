/*
 * A constant database (TinyCDB) being written into a memory file.
 */
#ifndef TABLE_FILE_H
#define TABLE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <cdb.h>

#include "names.h"
#include "str.h"

struct table_file {
	int		 fd;
	struct cdb_make	 cdb;
	struct names	 keys;		/* with the lines they are in */
};

/* -1: errno. */
int	 table_begin(struct table_file *);
/*
 * Adds a key (borrowed until the end) of that line, from 1.  Where it is
 * there already, adds nothing, and *before is its line; else 0.  -1: errno.
 */
int	 table_add(struct table_file *, struct str key, struct str value,
	    uint32_t line, uint32_t *before);
/* The sealed file, or -1: errno.  Frees everything, in every case. */
int	 table_end(struct table_file *, bool good);

#endif
