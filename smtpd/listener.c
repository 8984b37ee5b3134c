/*
 * Accepting.  Owns the listening sockets and the current settings of each
 * listener; sessions hold the settings that they began with.  Whom to let in
 * is decided at the door.
 */
#include "listener.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "netaddr.h"
#include "proc.h"

#include "door.h"
#include "settings.h"

struct entrance {
	int			 fd;
	unsigned		 listener;
	struct event		*ev;
	struct sockaddr_storage	 name;
	socklen_t		 name_len;
	TAILQ_ENTRY(entrance)	 link;
};

static TAILQ_HEAD(, entrance)	 entrances =
				    TAILQ_HEAD_INITIALIZER(entrances);
static const struct conf	*conf;
static struct settings		*current[LISTENERS_MAX], *next[LISTENERS_MAX];
static struct event		*again;
static bool			 closed;

static void	 on_acceptable(evutil_socket_t, short, void *);

/* ---- accepting --------------------------------------------------------- */

static void
watch_all(bool wanted)
{
	struct entrance	*e;

	TAILQ_FOREACH(e, &entrances, link)
		if (!wanted)
			event_del(e->ev);
		else if (e->listener != LISTENERS_MAX)
			event_add(e->ev, NULL);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	watch_all(true);
}

/* What is lacking for one socket is lacking for all of them. */
static void
pause_accepting(int error)
{
	const struct timeval	 tv = { 0, ACCEPT_PAUSE_MS * 1000 };

	log_warn("cannot accept: %s; pausing ms=%d", strerror(error),
	    ACCEPT_PAUSE_MS);
	watch_all(false);
	event_add(again, &tv);
}

static bool
is_about_one_client(int error)
{
	return error == ECONNABORTED || error == EINTR || error == EPERM ||
	    error == EPROTO || error == ENETDOWN || error == EHOSTDOWN ||
	    error == ENETUNREACH || error == EHOSTUNREACH ||
	    error == ENOPROTOOPT;
}

static void
on_acceptable(evutil_socket_t lfd, short what, void *arg)
{
	struct entrance		*e = arg;
	struct sockaddr_storage	 ss;
	socklen_t		 len;
	int			 fd;

	(void)what;
	for (unsigned i = 0; i < ACCEPT_TURN; i++) {
		len = sizeof(ss);
		fd = accept4(lfd, (struct sockaddr *)&ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1 && errno == EAGAIN)
			return;
		if (fd == -1 && !is_about_one_client(errno)) {
			pause_accepting(errno);
			return;
		}
		if (fd != -1)
			door_accepted(fd, e->listener,
			    (struct sockaddr *)&ss, len);
	}
}

/* ---- sockets ----------------------------------------------------------- */

static void
entrance_free(struct entrance *e)
{
	TAILQ_REMOVE(&entrances, e, link);
	if (e->ev != NULL)
		event_free(e->ev);
	close(e->fd);
	free(e);
}

static bool
is_bound_in(const struct listener_conf *l, const struct entrance *e)
{
	const struct sockaddr_un	*un = (const void *)&e->name;
	struct netaddr			 addr;

	if (e->name.ss_family == AF_UNIX)
		return str_equal(l->socket, str_bytes(un->sun_path,
		    strnlen(un->sun_path, sizeof(un->sun_path))));
	if (netaddr_from_sockaddr(&addr, (const void *)&e->name,
	    e->name_len) == -1)
		return false;
	for (size_t i = 0; i < l->n_binds; i++)
		if (l->binds[i].addr.port == addr.port &&
		    netaddr_equal(&l->binds[i].addr, &addr))
			return true;
	return false;
}

/* An address may go from one role to the other in a reload. */
static bool
is_of_our_role(const struct listener_conf *l)
{
	return (l->service == SERVICE_MX) == (proc_role() == ROLE_SMTPD_MX);
}

/* Which listener of the configuration a socket belongs to; or none. */
static unsigned
owner_of(const struct entrance *e)
{
	for (unsigned i = 0; i < conf->n_listeners; i++)
		if (is_of_our_role(&conf->listeners[i]) &&
		    is_bound_in(&conf->listeners[i], e))
			return i;
	return LISTENERS_MAX;
}

/* Another socket at the same address took its place. */
static void
drop_namesakes(const struct entrance *e)
{
	struct entrance	*old, *following;

	for (old = TAILQ_FIRST(&entrances); old != NULL; old = following) {
		following = TAILQ_NEXT(old, link);
		if (old != e && old->name_len == e->name_len &&
		    memcmp(&old->name, &e->name, e->name_len) == 0)
			entrance_free(old);
	}
}

static struct entrance *
entrance_new(int fd)
{
	struct entrance	*e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->fd = fd;
	e->name_len = sizeof(e->name);
	e->ev = event_new(proc_base(), fd, EV_READ | EV_PERSIST,
	    on_acceptable, e);
	if (e->ev == NULL || fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    getsockname(fd, (struct sockaddr *)&e->name, &e->name_len) == -1) {
		if (e->ev != NULL)
			event_free(e->ev);
		free(e);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&entrances, e, link);
	return e;
}

/*
 * The index may be one of a configuration that is not in force yet, so the
 * address decides whose socket it is; nobody's waits for the next commit.
 */
void
listener_add(unsigned listener, int fd)
{
	struct entrance	*e;

	if (fd == -1)
		return;
	if (closed || (e = entrance_new(fd)) == NULL) {
		log_warn("socket not used listener=%u", listener);
		close(fd);
		return;
	}
	drop_namesakes(e);
	e->listener = owner_of(e);
	if (e->listener != LISTENERS_MAX)
		event_add(e->ev, NULL);
}

void
listener_close_all(void)
{
	closed = true;
	while (!TAILQ_EMPTY(&entrances))
		entrance_free(TAILQ_FIRST(&entrances));
	event_del(again);
}

/* ---- configuration ----------------------------------------------------- */

struct settings *
listener_settings(unsigned listener)
{
	return listener < LISTENERS_MAX ? current[listener] : NULL;
}

bool
listener_trusts(unsigned listener, const struct netaddr *addr)
{
	const struct listener_conf	*l = &conf->listeners[listener];
	struct netblock			 block;

	for (size_t i = 0; i < l->n_trust; i++) {
		block.addr = l->trust[i].addr;
		block.bits = l->trust[i].bits;
		if (netblock_match(&block, addr))
			return true;
	}
	return false;
}

void
listener_setup(void)
{
	again = evtimer_new(proc_base(), on_again, NULL);
	if (again == NULL)
		fatal("out of memory for events");
}

static void
drop_all(struct settings **set)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		settings_drop(&set[i]);
}

/* Whose clients come to this process: msa also serves those mx trusts. */
static bool
is_served(const struct listener_conf *l)
{
	return is_of_our_role(l) || l->n_trust != 0;
}

static int
configure_one(const struct conf *new, uint16_t i, char *why, size_t size)
{
	if ((next[i] = settings_new(new, i)) == NULL) {
		snprintf(why, size, "no memory for a listener");
		return -1;
	}
	if (!is_served(&new->listeners[i]))
		return 0;
	return settings_secure(next[i], new, why, size);
}

int
listener_configure(const struct conf *new, char *why, size_t size)
{
	drop_all(next);
	for (uint16_t i = 0; i < new->n_listeners; i++)
		if (configure_one(new, i, why, size) == -1) {
			drop_all(next);
			return -1;
		}
	return 0;
}

void
listener_drop(void)
{
	drop_all(next);
}

void
listener_commit(const struct conf *new)
{
	struct entrance	*e, *following;

	conf = new;
	drop_all(current);
	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		current[i] = next[i];
		next[i] = NULL;
	}
	settings_renumber(conf);
	for (e = TAILQ_FIRST(&entrances); e != NULL; e = following) {
		following = TAILQ_NEXT(e, link);
		if ((e->listener = owner_of(e)) == LISTENERS_MAX)
			entrance_free(e);
		else
			event_add(e->ev, NULL);
	}
}
