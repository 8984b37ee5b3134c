/*
 * Socket pairs between children.  Master keeps no end of any.
 */
#include "mesh.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "peer.h"

#include "rejoin.h"

int
mesh_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    fds) == 0)
		return 0;
	log_error("cannot connect processes: %s", strerror(errno));
	return -1;
}

int
mesh_tell(struct peer *p, int fd, const struct peer *other, uint32_t pair)
{
	const struct peer_is	 m = { other->role, other->index,
	    other->generation, pair };

	return peer_send_fd(p, PEER, 0, fd, &m);
}

int
mesh_connect(struct peer *a, struct peer *b, uint32_t pair)
{
	int	 fds[2], r;

	if (mesh_pair(fds) == -1)
		return -1;
	r = mesh_tell(a, fds[0], b, pair);
	return mesh_tell(b, fds[1], a, pair) == -1 ? -1 : r;
}

void
mesh_join(struct child *c, struct child *others, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct child	*o = &others[i];

		if (o != c && o->joined && o->peer != NULL &&
		    child_is_living(o) && messages_connect(c->role, o->role))
			mesh_connect(c->peer, o->peer, rejoin_number(c, o));
	}
	c->joined = true;
}

int
mesh_copy(int fd)
{
	int	 copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy == -1)
		log_error("cannot pass a descriptor: %s", strerror(errno));
	return copy;
}
