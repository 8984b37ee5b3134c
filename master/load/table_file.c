/*
 * Writes databases.  Keeps an index of its own for duplicate keys: asking
 * the half-made database would read the file back and take time in
 * proportion to the square of its length.
 */
#include "table_file.h"

#include <sys/mman.h>

#include <errno.h>
#include <unistd.h>

#include "fd.h"
#include "sealed.h"

int
table_begin(struct table_file *t)
{
	*t = (struct table_file){ .keys = NAMES_INIT };
	t->fd = memfd_create("table", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (t->fd == -1)
		return -1;
	if (cdb_make_start(&t->cdb, t->fd) == 0)
		return 0;
	close(t->fd);
	return -1;
}

int
table_add(struct table_file *t, struct str key, struct str value,
    uint32_t line, uint32_t *before)
{
	if (names_add(&t->keys, key, line, before) == -1)
		return -1;
	if (*before != 0)
		return 0;
	return cdb_make_add(&t->cdb, key.p, (unsigned)key.n, value.n != 0 ?
	    value.p : "", (unsigned)value.n);
}

int
table_end(struct table_file *t, bool good)
{
	int	 fd = t->fd;

	names_clear(&t->keys);
	t->fd = -1;
	/* this also frees its memory */
	if (cdb_make_finish(&t->cdb) == 0 && good && sealed_close(fd) == 0)
		return fd;
	return close_keep_errno(fd);
}
