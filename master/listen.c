/*
 * Binding one socket, and the reason when it cannot be.
 */
#include "listen.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "fd.h"

static int
tcp(const struct netaddr *addr, int beside)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = netaddr_to_sockaddr(addr, &ss);
	const int		 on = 1;
	int			 fd;

	if ((fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0)) == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &beside, sizeof(beside));
	/* "::" is not 0.0.0.0 as well: listeners bind exactly what is given */
	if (ss.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, LISTEN_BACKLOG) == -1)
		return close_keep_errno(fd);
	return fd;
}

int
listen_tcp(const struct netaddr *addr)
{
	return tcp(addr, 0);
}

int
listen_beside(const struct netaddr *addr)
{
	const int	 off = 0;
	int		 fd = tcp(addr, 1);

	if (fd != -1)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &off, sizeof(off));
	return fd;
}

/* Whether somebody answers there; if not, what is left over is removed. */
static int
remove_stale(const struct sockaddr_un *sun)
{
	struct stat	 st;
	int		 fd, r;

	if (lstat(sun->sun_path, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0)) == -1)
		return -1;
	r = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	if (r == 0 || errno == EAGAIN || errno == EINPROGRESS) {
		errno = EADDRINUSE;
		return close_keep_errno(fd);
	}
	close(fd);
	return unlink(sun->sun_path);
}

int
listen_unix(const char *path, unsigned mode, uint32_t gid)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	mode_t			 before;
	int			 fd, r;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	if (remove_stale(&sun) == -1 || (fd = socket(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) == -1)
		return -1;
	/* nobody else may connect before it has its owner and mode */
	before = umask(0177);
	r = bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	umask(before);
	if (r == -1 || chown(path, (uid_t)-1, gid) == -1 ||
	    chmod(path, mode) == -1 || listen(fd, LISTEN_BACKLOG) == -1)
		return close_keep_errno(fd);
	return fd;
}

int
listen_exit_code(int error)
{
	switch (error) {
	case EADDRINUSE:
	case EADDRNOTAVAIL:
	case EEXIST:
		return EX_UNAVAILABLE;
	case EACCES:
	case EPERM:
		return EX_NOPERM;
	default:
		return EX_OSERR;
	}
}

const char *
listen_hint(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "; does another mail server run?";
	case EADDRNOTAVAIL:
		return "; this host has no such address";
	case EACCES:
		return "; root is needed for ports below 1024";
	case EEXIST:
		return "; it is there and is no socket";
	default:
		return "";
	}
}
