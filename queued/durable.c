/*
 * The durable steps of the spool, one function each; see durable.h.  Nothing
 * else in queued writes, syncs or renames below the spool, but for files in
 * tmp/ and damaged/ and unlinks, of which nothing depends on the time when
 * they become durable.
 *
 * The rules behind all of them: what a name leads to is synced before the
 * name is made; a directory is synced before anybody relies on a name in it,
 * or on a name's absence; a sync that has failed is never tried again on the
 * same file.
 */
#include "durable.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <sodium.h>

#include "disk.h"

/* zeros are synced as they come, so that the flushes of batches beside them
 * never wait for a whole segment */
#define FILL_SYNC	(4u << 20)
#define CHUNK		65536

static const uint8_t	 zeros[CHUNK];

void
segment_name(char name[SEGMENT_NAME_SIZE], uint32_t number,
    const char *suffix)
{
	snprintf(name, SEGMENT_NAME_SIZE, "%016" PRIu32 ".%s", number, suffix);
}

void
spare_name(char name[SPARE_NAME_SIZE], unsigned spare)
{
	snprintf(name, SPARE_NAME_SIZE, "spare-%u", spare);
}

void
tmp_name(char name[SPARE_NAME_SIZE], uint32_t large)
{
	snprintf(name, SPARE_NAME_SIZE, "%08" PRIx32, large);
}

static int
closed(int fd, int error)
{
	close(fd);
	return error;
}

static int
fill(int fd, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += CHUNK) {
		size_t	 n = size - at < CHUNK ? (size_t)(size - at) : CHUNK;

		if (disk_write_all(fd, zeros, n, at) == -1)
			return errno;
		if ((at + n) % FILL_SYNC == 0 && disk->datasync(fd) == -1)
			return errno;
	}
	return disk->sync(fd) == -1 ? errno : 0;
}

int
durable_spare(unsigned spare, uint64_t size)
{
	char	 name[SPARE_NAME_SIZE];
	int	 fd, error;

	spare_name(name, spare);
	fd = disk_open(spool_dirs.root, name, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd == -1)
		return errno;
	error = closed(fd, fill(fd, size));
	if (error != 0)
		disk->unlink(spool_dirs.root, name, 0);
	return error;
}

int
durable_replace(const char *name, const void *data, size_t n)
{
	static const char	 temporary[] = "replace.new";
	int			 fd, error = 0;

	/* after a power cut within a rename both names may lead to the file
	 * that is in use */
	disk->unlink(spool_dirs.root, temporary, 0);
	fd = disk_open(spool_dirs.root, temporary,
	    O_WRONLY | O_CREAT | O_EXCL);
	if (fd == -1)
		return errno;
	if (disk_write_all(fd, data, n, 0) == -1 || disk->sync(fd) == -1)
		error = errno;
	if ((error = closed(fd, error)) != 0)
		return error;
	if (disk->rename(spool_dirs.root, temporary, spool_dirs.root,
	    name) == -1 || disk->sync(spool_dirs.root) == -1)
		return errno;
	return 0;
}

static int
write_header(const char *name, const struct segment_header *h)
{
	uint8_t	 block[SPOOL_BLOCK];
	int	 fd, error = 0;

	segment_header_put(block, h);
	if ((fd = disk_open(spool_dirs.root, name, O_WRONLY)) == -1)
		return errno;
	if (disk_write_all(fd, block, sizeof(block), 0) == -1 ||
	    disk->datasync(fd) == -1)
		error = errno;
	return closed(fd, error);
}

int
durable_segment(unsigned spare, const struct segment_header *h)
{
	char	 from[SPARE_NAME_SIZE], to[SEGMENT_NAME_SIZE];
	int	 error;

	spare_name(from, spare);
	segment_name(to, h->number, "seg");
	if ((error = write_header(from, h)) != 0)
		return error;
	if (disk->rename(spool_dirs.root, from, spool_dirs.log, to) == -1)
		return errno;
	return disk->sync(spool_dirs.log) == -1 ? errno : 0;
}

/* the calling thread's own open file of the segment */
static int
own_file(uint32_t number, unsigned life)
{
	static _Thread_local struct {
		uint32_t	 number;
		unsigned	 life;
		int		 fd;
	} own = { 0, 0, -1 };
	char	 name[SEGMENT_NAME_SIZE];

	if (own.fd != -1 && own.number == number && own.life == life)
		return own.fd;
	if (own.fd != -1)
		close(own.fd);
	segment_name(name, number, "seg");
	own.fd = disk_open(spool_dirs.log, name, O_WRONLY);
	own.number = number;
	own.life = life;
	return own.fd;
}

int
durable_batch(uint32_t number, unsigned life, const void *data, size_t n,
    uint32_t offset)
{
	int	 fd;

	if ((fd = own_file(number, life)) == -1)
		return errno;
	if (disk_write_all(fd, data, n, offset) == -1 ||
	    disk->datasync(fd) == -1)
		return errno;
	return 0;
}

int
durable_index(uint32_t number, const void *data, size_t n)
{
	char	 name[SEGMENT_NAME_SIZE];
	int	 fd, error = 0;

	segment_name(name, number, "idx");
	fd = disk_open(spool_dirs.log, name, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd == -1)
		return errno;
	if (disk_write_all(fd, data, n, 0) == -1 || disk->datasync(fd) == -1)
		error = errno;
	return closed(fd, error);
}

static void
remove_index(uint32_t number)
{
	char	 name[SEGMENT_NAME_SIZE];

	segment_name(name, number, "idx");
	disk->unlink(spool_dirs.log, name, 0);
}

int
durable_recycle(uint32_t number, unsigned spare)
{
	char	 from[SEGMENT_NAME_SIZE], to[SPARE_NAME_SIZE];

	remove_index(number);
	segment_name(from, number, "seg");
	spare_name(to, spare);
	if (disk->rename(spool_dirs.log, from, spool_dirs.root, to) == -1)
		return errno;
	/* before the spare gets a new header under another name */
	return disk->sync(spool_dirs.log) == -1 ? errno : 0;
}

int
durable_remove(uint32_t number)
{
	char	 name[SEGMENT_NAME_SIZE];

	remove_index(number);
	segment_name(name, number, "seg");
	if (disk->unlink(spool_dirs.log, name, 0) == -1)
		return errno;
	return disk->sync(spool_dirs.log) == -1 ? errno : 0;
}

int
durable_aside(uint32_t number)
{
	char	 name[SEGMENT_NAME_SIZE];

	remove_index(number);
	segment_name(name, number, "seg");
	if (disk->rename(spool_dirs.log, name, spool_dirs.damaged, name) == -1)
		return errno;
	return disk->sync(spool_dirs.log) == -1 ? errno : 0;
}

int
large_sum(int fd, uint64_t size, uint8_t sum[LARGE_SUM])
{
	crypto_generichash_state	 state;
	uint8_t				 chunk[CHUNK];
	struct stat			 st;

	if (disk->stat(fd, &st) == -1)
		return errno;
	if ((uint64_t)st.st_size != size)
		return EBADMSG;
	crypto_generichash_init(&state, NULL, 0, LARGE_SUM);
	for (uint64_t at = 0; at < size; at += CHUNK) {
		size_t	 n = size - at < CHUNK ? (size_t)(size - at) : CHUNK;

		if (disk_read_all(fd, chunk, n, at) == -1)
			return errno;
		crypto_generichash_update(&state, chunk, n);
	}
	crypto_generichash_final(&state, sum, LARGE_SUM);
	return 0;
}

/* The writer may still hold the file open: what counts is size and sum. */
static int
settle(int fd, uint64_t size, uint8_t sum[LARGE_SUM])
{
	struct stat	 st;
	int		 error;

	if (disk->stat(fd, &st) == -1)
		return errno;
	if ((uint64_t)st.st_size < size)
		return EBADMSG;
	if ((uint64_t)st.st_size > size &&
	    disk->truncate(fd, (off_t)size) == -1)
		return errno;
	if ((error = large_sum(fd, size, sum)) != 0)
		return error;
	return disk->sync(fd) == -1 ? errno : 0;
}

int
durable_large(uint32_t large, const char *name, uint64_t size,
    uint8_t sum[LARGE_SUM])
{
	char	 from[SPARE_NAME_SIZE];
	int	 fd, error;

	tmp_name(from, large);
	if ((fd = disk_open(spool_dirs.tmp, from, O_RDWR)) == -1)
		return errno;
	if ((error = closed(fd, settle(fd, size, sum))) != 0)
		return error;
	/* not renamed: that would replace the body of another message if
	 * its id were submitted twice */
	if (disk->link(spool_dirs.tmp, from, spool_dirs.large, name, 0) == -1 ||
	    disk->sync(spool_dirs.large) == -1)
		return errno;
	disk->unlink(spool_dirs.tmp, from, 0);
	return 0;
}
