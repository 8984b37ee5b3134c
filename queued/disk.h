/*
 * The system calls by which the spool touches the disk, in one table, so
 * that a test can fail, cut or count them.  Everything else in the spool
 * goes through here; nothing here knows what is written.
 */
#ifndef DISK_H
#define DISK_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

struct stat;
struct statfs;
struct iovec;

struct disk {
	int	 (*open)(int dir, const char *name, int flags, mode_t);
	int	 (*stat)(int fd, struct stat *);
	int	 (*statfs)(int fd, struct statfs *);
	ssize_t	 (*read)(int fd, void *, size_t, off_t);
	ssize_t	 (*read_now)(int fd, const struct iovec *, int n, off_t,
		    int flags);
	ssize_t	 (*write)(int fd, const void *, size_t, off_t);
	int	 (*datasync)(int fd);
	int	 (*sync)(int fd);
	int	 (*truncate)(int fd, off_t);
	int	 (*rename)(int from, const char *, int to, const char *);
	int	 (*link)(int from, const char *, int to, const char *, int);
	int	 (*unlink)(int dir, const char *name, int flags);
	int	 (*mkdir)(int dir, const char *name, mode_t);
};

extern const struct disk	 disk_real;
/* The one in use; a test sets it before the threads start. */
extern const struct disk	*disk;

/* openat with O_CLOEXEC and O_NOFOLLOW; new files are for the owner alone. */
int	 disk_open(int dir, const char *name, int flags);
/* All n octets; 0, or -1 with errno (ENODATA: the file is shorter). */
int	 disk_read_all(int fd, void *, size_t n, uint64_t offset);
/*
 * The same two where there is time to wait, at a start or in a thread: an
 * error that may pass (EIO, ENFILE, EMFILE, ENOMEM) is tried again for some
 * DISK_PATIENCE_MS before it is told.
 */
#define DISK_PATIENCE_MS 40
int	 disk_open_patiently(int dir, const char *name, int flags);
int	 disk_read_patiently(int fd, void *, size_t n, uint64_t offset);
int	 disk_write_all(int fd, const void *, size_t n, uint64_t offset);
/*
 * Without waiting for the device: how many octets there were in the kernel's
 * memory, 0 at the end of the file, -1 with EAGAIN when there were none.
 */
ssize_t	 disk_read_now(int fd, void *, size_t n, uint64_t offset);

#endif
