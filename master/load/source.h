/*
 * The seam through which files are read: by asking master in the load role
 * (load_main.c), from memory in tests.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "buf.h"
#include "str.h"

#define CONF_FILE_MAX	(16 << 20)	/* a file of the configuration */
#define TABLE_FILE_MAX	(512 << 20)	/* a table's source: 10 million lines
					 * of 50 octets */
#define SYSTEM_FILE_MAX	(64 << 20)	/* /etc/passwd and the like */

struct source {
	/*
	 * Appends the whole of the file to the buffer, whose maximum bounds
	 * it; the name is absolute, or as master was given it.  0, or an
	 * errno: EFBIG where the buffer's maximum is reached.
	 */
	int	 (*read)(void *data, struct str name, struct buf *);
	void	*data;
	/*
	 * The same for a list of addresses: EPERM where the file is not
	 * root's, or its group or others may write to it.
	 */
	int	 (*read_owned)(void *data, struct str name, struct buf *);
};

/* Appends the whole of fd (taken).  0 or an errno, as above. */
int	 source_read_fd(int fd, struct buf *);

#endif
