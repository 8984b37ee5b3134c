/*
 * The set of listening sockets, from one configuration to the next.
 */
#include "sockets.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listen.h"
#include "messages.h"
#include "plan.h"
#include "xmalloc.h"

#define SUBMIT_MODE	0666	/* everybody on this host may hand in mail */
#define CONTROL_MODE	0660

/* What is being made, and from what. */
struct making {
	const struct conf	*conf;
	const struct sockets	*have;
	struct sockets		*next;
};

/* A path as a C string; "" when it is none. */
static const char *
path_of(struct str s, char path[FILE_NAME_MAX + 1])
{
	snprintf(path, FILE_NAME_MAX + 1, "%.*s", STR_FMT(s));
	return path;
}

static const char *
place_of(const struct listen_socket *s, char text[FILE_NAME_MAX + 1])
{
	if (s->addr.family == 0)
		return path_of(s->path, text);
	return netaddr_print_port(&s->addr, text);
}

static struct str
copy_of(struct str s)
{
	char	*p = xmalloc(s.n + 1);

	if (s.n != 0)
		memcpy(p, s.p, s.n);
	return str_bytes(p, s.n);
}

static bool
is_same(const struct listen_socket *a, const struct listen_socket *b)
{
	if (a->addr.family == 0 || b->addr.family == 0)
		return a->addr.family == b->addr.family &&
		    str_equal(a->path, b->path);
	return a->addr.port == b->addr.port &&
	    netaddr_equal(&a->addr, &b->addr);
}

static void
add(struct sockets *s, const struct listen_socket *one)
{
	if (s->n == s->size) {
		s->size = s->size == 0 ? 8 : 2 * s->size;
		s->list = xreallocarray(s->list, s->size, sizeof(*s->list));
	}
	s->list[s->n] = *one;
	s->list[s->n++].path = copy_of(one->path);
}

static void
set_sharing(const struct sockets *have, uint16_t port, int on)
{
	for (size_t i = 0; i < have->n; i++)
		if (have->list[i].addr.family != 0 &&
		    have->list[i].addr.port == port)
			setsockopt(have->list[i].fd, SOL_SOCKET, SO_REUSEPORT,
			    &on, sizeof(on));
}

/*
 * From 192.0.2.1 to 0.0.0.0, or back: our own socket, which goes when this
 * one is in force, must not stand in its way.
 */
static int
bind_tcp(const struct sockets *have, const struct netaddr *addr)
{
	int	 fd = listen_tcp(addr), error;

	if (fd != -1 || errno != EADDRINUSE)
		return fd;
	set_sharing(have, addr->port, 1);
	fd = listen_beside(addr);
	error = errno;
	set_sharing(have, addr->port, 0);
	errno = error;
	return fd;
}

static int
bind_unix(const struct listen_socket *s, const struct conf *conf)
{
	char	 path[FILE_NAME_MAX + 1];

	path_of(s->path, path);
	if (s->listener == CONTROL_LISTENER)
		return listen_unix(path, CONTROL_MODE, conf->control_gid);
	return listen_unix(path, SUBMIT_MODE, (uint32_t)-1);
}

/* The socket at that place: that of before, or a new one. */
static int
make(const struct making *m, struct listen_socket *s)
{
	for (size_t i = 0; i < m->have->n; i++) {
		const struct listen_socket	*old = &m->have->list[i];

		if (!is_same(old, s))
			continue;
		s->fd = old->fd;
		s->kept = true;
		s->passed = old->role == s->role;
		add(m->next, s);
		return 0;
	}
	s->fd = s->addr.family == 0 ? bind_unix(s, m->conf) :
	    bind_tcp(m->have, &s->addr);
	if (s->fd == -1)
		return -1;
	add(m->next, s);
	return 0;
}

static int
make_listener(const struct making *m, const struct listener_conf *l,
    char *why, size_t size)
{
	struct listen_socket	 s = {
		.listener = (uint16_t)(l - m->conf->listeners),
		.role = role_of_listener(l),
	};
	char			 text[FILE_NAME_MAX + 1];
	int			 error;

	for (size_t i = 0; i <= l->n_binds; i++) {
		if (i == l->n_binds && l->socket.n == 0)
			break;
		s.kept = s.passed = false;
		s.addr = i < l->n_binds ? l->binds[i].addr :
		    (struct netaddr){ 0 };
		s.path = i < l->n_binds ? STR_NONE : l->socket;
		if (make(m, &s) == 0)
			continue;
		error = errno;
		snprintf(why, size, "%.*s:%u: cannot listen on %s: %s%s",
		    STR_FMT(l->origin.file), l->origin.line,
		    place_of(&s, text), strerror(error), listen_hint(error));
		errno = error;
		return listen_exit_code(error);
	}
	return 0;
}

int
sockets_bind(const struct conf *conf, const struct sockets *have,
    struct sockets *next, char *why, size_t size)
{
	const struct making	 m = { conf, have, next };
	struct listen_socket	 control = { .listener = CONTROL_LISTENER,
	    .role = ROLE_QUEUED, .path = conf->control };
	int			 code, error;

	for (size_t i = 0; i < conf->n_listeners; i++)
		if ((code = make_listener(&m, &conf->listeners[i], why,
		    size)) != 0)
			return code;
	if (make(&m, &control) == 0)
		return 0;
	error = errno;
	snprintf(why, size, "cannot listen on the control socket %.*s: %s%s",
	    STR_FMT(conf->control), strerror(error), listen_hint(error));
	errno = error;
	return listen_exit_code(error);
}

static void
close_one(struct listen_socket *s)
{
	char	 path[FILE_NAME_MAX + 1];

	if (s->addr.family == 0)
		unlink(path_of(s->path, path));
	close(s->fd);
}

static void
clear(struct sockets *s)
{
	for (size_t i = 0; i < s->n; i++)
		free((char *)(uintptr_t)s->list[i].path.p);
	free(s->list);
	*s = (struct sockets){ 0 };
}

static bool
is_kept(const struct sockets *next, int fd)
{
	for (size_t i = 0; i < next->n; i++)
		if (next->list[i].kept && next->list[i].fd == fd)
			return true;
	return false;
}

void
sockets_commit(struct sockets *have, struct sockets *next)
{
	for (size_t i = 0; i < have->n; i++)
		if (!is_kept(next, have->list[i].fd))
			close_one(&have->list[i]);
	clear(have);
	*have = *next;
	*next = (struct sockets){ 0 };
}

void
sockets_abort(struct sockets *next)
{
	for (size_t i = 0; i < next->n; i++)
		if (!next->list[i].kept)
			close_one(&next->list[i]);
	clear(next);
}

void
sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < s->n; i++)
		close_one(&s->list[i]);
	clear(s);
}
