/*
 * Binding, in one place, with the reason when it cannot be.
 */
#include "listen.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "messages.h"
#include "xmalloc.h"

#define SUBMIT_MODE	0666	/* everybody on this host may hand in mail */
#define CONTROL_MODE	0660

static int
close_keep_errno(int fd)
{
	int	 saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

int
listen_tcp(const struct netaddr *addr)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = netaddr_to_sockaddr(addr, &ss);
	const int		 on = 1;
	int			 fd;

	if ((fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0)) == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* "::" is not 0.0.0.0 as well: listeners bind exactly what is given */
	if (ss.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, LISTEN_BACKLOG) == -1)
		return close_keep_errno(fd);
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

static const char *
hint(int error)
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

static int
cannot(const struct origin *origin, const char *where)
{
	int	 error = errno;

	log_error("%.*s:%u: cannot listen on %s: %s%s", STR_FMT(origin->file),
	    origin->line, where, strerror(error), hint(error));
	return listen_exit_code(error);
}

static void
add(struct sockets *s, uint16_t listener, int fd)
{
	if (s->n == s->size) {
		s->size = s->size == 0 ? 8 : 2 * s->size;
		s->list = xreallocarray(s->list, s->size, sizeof(*s->list));
	}
	s->list[s->n++] = (struct listen_socket){ listener, fd };
}

/* A path of the configuration as a C string; "" when it is none. */
static const char *
path_of(struct str s, char path[FILE_NAME_MAX + 1])
{
	snprintf(path, FILE_NAME_MAX + 1, "%.*s", STR_FMT(s));
	return path;
}

static int
listen_one(const struct listener_conf *l, uint16_t index, struct sockets *s)
{
	char	 where[NETADDR_TEXT_MAX], path[FILE_NAME_MAX + 1];
	int	 fd;

	for (size_t i = 0; i < l->n_binds; i++) {
		if ((fd = listen_tcp(&l->binds[i].addr)) == -1)
			return cannot(&l->origin,
			    netaddr_print_port(&l->binds[i].addr, where));
		add(s, index, fd);
	}
	if (l->socket.n == 0)
		return 0;
	path_of(l->socket, path);
	if ((fd = listen_unix(path, SUBMIT_MODE, (uint32_t)-1)) == -1)
		return cannot(&l->origin, path);
	add(s, index, fd);
	return 0;
}

int
listen_all(const struct conf *conf, struct sockets *s)
{
	char	 path[FILE_NAME_MAX + 1];
	int	 code, fd;

	for (size_t i = 0; i < conf->n_listeners; i++)
		if ((code = listen_one(&conf->listeners[i], (uint16_t)i,
		    s)) != 0)
			return code;
	path_of(conf->control, path);
	if ((fd = listen_unix(path, CONTROL_MODE, conf->control_gid)) == -1) {
		int	 error = errno;

		log_error("cannot listen on the control socket %s: %s%s",
		    path, strerror(error), hint(error));
		return listen_exit_code(error);
	}
	add(s, CONTROL_LISTENER, fd);
	return 0;
}

void
listen_close(const struct conf *conf, struct sockets *s)
{
	char	 path[FILE_NAME_MAX + 1];

	for (size_t i = 0; i < s->n; i++) {
		uint16_t	 l = s->list[i].listener;
		struct str	 name = l == CONTROL_LISTENER ? conf->control :
		    conf->listeners[l].socket;
		int		 family = 0;
		socklen_t	 len = sizeof(family);

		getsockopt(s->list[i].fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
		if (family == AF_UNIX)
			unlink(path_of(name, path));
		close(s->list[i].fd);
	}
	free(s->list);
	*s = (struct sockets){ 0 };
}
