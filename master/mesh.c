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

/*
 * A channel holds FRAME_FDS_MAX descriptors on their way out; before it is
 * full what there is must go.  A child that does not read is killed for its
 * silence before long, so the wait is short.
 */
#define FDS_HIGH	(FRAME_FDS_MAX / 2)
#define FDS_DRAIN_MS	1000

static void
make_room(struct peer *p)
{
	if (p->channel.n_out_fds >= FDS_HIGH)
		peer_drain(p, FDS_DRAIN_MS);
}

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
mesh_tell(struct peer *p, int fd, const struct peer *other)
{
	const struct peer_is	 m = { other->role, other->index,
	    other->generation };

	make_room(p);
	return peer_send_fd(p, PEER, 0, fd, &m);
}

int
mesh_connect(struct peer *a, struct peer *b)
{
	int	 fds[2], r;

	if (mesh_pair(fds) == -1)
		return -1;
	r = mesh_tell(a, fds[0], b);
	return mesh_tell(b, fds[1], a) == -1 ? -1 : r;
}

void
mesh_join(struct child *c, struct child *others, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct child	*o = &others[i];

		if (o != c && o->peer != NULL && child_is_living(o) &&
		    messages_connect(c->role, o->role))
			mesh_connect(c->peer, o->peer);
	}
}

int
mesh_copy(struct peer *p, int fd)
{
	int	 copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy == -1)
		log_error("cannot pass a descriptor: %s", strerror(errno));
	make_room(p);
	return copy;
}
