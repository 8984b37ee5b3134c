/*
 * Sockets to name servers.  Descriptors live from exchange_udp or
 * exchange_tcp to exchange_stop; every call of done stops first.
 */
#include "exchange.h"

#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "netaddr.h"

/* at a time; then others have their turn */
#define READS_MAX	16

/* above what we asked for: such a packet is read whole and judged later */
#define UDP_ROOM	4096

void
exchange_init(struct exchange *x, exchange_done done, void *arg)
{
	*x = (struct exchange){ .done = done, .arg = arg, .fd = -1 };
}

void
exchange_stop(struct exchange *x)
{
	if (x->fd != -1) {
		event_del(&x->readable);
		close(x->fd);
		x->fd = -1;
	}
	if (x->io != NULL)
		io_free(&x->io);
}

static void
finish(struct exchange *x, enum exchange_result result, const uint8_t *p,
    size_t n)
{
	exchange_stop(x);
	x->done(x->arg, result, p, n);
}

/* ---- UDP --------------------------------------------------------------- */

/*
 * Path-MTU messages are neither believed nor provoked, as forged ones would
 * make the server send fragments, whose later ones carry no id.
 */
static void
ignore_path_mtu(int fd, int family)
{
	int	 omit4 = IP_PMTUDISC_OMIT, omit6 = IPV6_PMTUDISC_OMIT;

	if (family == AF_INET)
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &omit4,
		    sizeof(omit4));
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &omit6,
		    sizeof(omit6));
}

/* A connected socket on a port that the kernel picked at random. */
static int
open_udp(const struct netaddr *server)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = netaddr_to_sockaddr(server, &ss);
	int			 fd;

	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd == -1)
		return -1;
	ignore_path_mtu(fd, ss.ss_family);
	if (connect(fd, (struct sockaddr *)&ss, len) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t	 b[UDP_ROOM];
	struct exchange	*x = arg;
	ssize_t		 n;

	(void)what;
	for (int i = 0; i < READS_MAX; i++) {
		n = recv(fd, b, sizeof(b), 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n == -1) {
			finish(x, EXCHANGE_REFUSED, NULL, 0);
			return;
		}
		if (packet_is_answer(x->packet, b, (size_t)n)) {
			finish(x, EXCHANGE_ANSWERED, b, (size_t)n);
			return;
		}
		if (++x->wrong == EXCHANGE_WRONG_MAX) {
			finish(x, EXCHANGE_GUESSED, NULL, 0);
			return;
		}
	}
}

int
exchange_udp(struct exchange *x, struct event_base *base,
    const struct packet *p, const struct netaddr *server)
{
	x->packet = p;
	x->wrong = 0;
	if ((x->fd = open_udp(server)) == -1)
		return -1;
	event_assign(&x->readable, base, x->fd, EV_READ | EV_PERSIST,
	    on_readable, x);
	if (send(x->fd, p->b, p->n, 0) == -1 ||
	    event_add(&x->readable, NULL) == -1) {
		exchange_stop(x);
		return -1;
	}
	return 0;
}

/* ---- TCP: each packet behind its length, RFC 1035 4.2.2 ---------------- */

static size_t
on_data(void *arg, struct str s)
{
	static uint8_t	 copy[PREPARSE_PACKET_MAX];
	struct exchange	*x = arg;
	const uint8_t	*p = (const uint8_t *)s.p;
	size_t		 n;

	if (s.n < 2)
		return 0;
	n = (size_t)p[0] << 8 | p[1];
	if (n > PREPARSE_PACKET_MAX) {
		finish(x, EXCHANGE_REFUSED, NULL, 0);
		return 0;
	}
	if (s.n < n + 2)
		return 0;
	if (packet_is_answer(x->packet, p + 2, n)) {
		memcpy(copy, p + 2, n);		/* s goes with the connection */
		finish(x, EXCHANGE_ANSWERED, copy, n);
	} else
		finish(x, EXCHANGE_REFUSED, NULL, 0);
	return 0;
}

static void
on_ended(void *arg, enum io_end end)
{
	(void)end;
	finish(arg, EXCHANGE_REFUSED, NULL, 0);
}

static void
on_connected(void *arg, int error)
{
	struct exchange		*x = arg;
	const struct packet	*p = x->packet;
	const char		 length[2] = { (char)(p->n >> 8), (char)p->n };

	if (error != 0 || io_write(x->io, str_bytes(length, 2)) == -1 ||
	    io_write(x->io, str_bytes(p->b, p->n)) == -1)
		finish(x, EXCHANGE_REFUSED, NULL, 0);
}

int
exchange_tcp(struct exchange *x, const struct packet *p,
    const struct netaddr *server)
{
	static const struct io_ops	 ops = {
		.data = on_data, .ended = on_ended,
	};
	static const struct netaddr	 any;

	x->packet = p;
	x->io = io_connect(server, &any, &ops, on_connected, x);
	return x->io != NULL ? 0 : -1;
}
