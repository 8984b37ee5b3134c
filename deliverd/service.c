/*
 * Connections under way, each with one event that is a timer as well.  What
 * connects at once is passed at once; a UNIX socket whose backlog is full
 * cannot be waited for (connect(2) says EAGAIN), so it is tried again.
 */
#include "service.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/event.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#define CONFS_KEPT	4	/* the one in force, and those before it */
#define OPENINGS_MAX	512	/* of all peers; below RLIMIT_NOFILE */
#define FULL_AGAIN_MS	50	/* until a backlog may have room */

struct place {
	struct sockaddr_storage	 addr;
	socklen_t		 len;		/* 0: that of a host by name */
};

struct known {
	uint32_t		 conf;
	size_t			 n;
	struct place		*places;
};

struct opening {
	LIST_ENTRY(opening)	 entry;
	struct peer		*peer;		/* who asked ... */
	uint32_t		 id;		/* ... in that request */
	struct place		 place;
	uint64_t		 until_ms;
	int			 fd;
	struct event		*event;
};

static struct known		 under_way;		/* not in force yet */
static struct known		 known[CONFS_KEPT];	/* the newest first */
static LIST_HEAD(, opening)	 openings = LIST_HEAD_INITIALIZER(openings);
static unsigned			 n_openings;
static void			(*on_stopped)(void);

static void	 on_event(evutil_socket_t, short, void *);

/* ---- places ------------------------------------------------------------ */

/* load has seen to it that the path fits. */
static void
place_unix(struct place *p, struct str path)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };

	if (path.n >= sizeof(sun.sun_path))
		return;
	memcpy(sun.sun_path, path.p, path.n);
	memcpy(&p->addr, &sun, sizeof(sun));
	p->len = sizeof(sun);
}

static void
place_make(struct place *p, const struct service_conf *s)
{
	if (s->socket.n != 0)
		place_unix(p, s->socket);
	else
		p->len = netaddr_to_sockaddr(&s->addr, &p->addr);
}

void
service_configure(const struct conf *conf)
{
	service_drop();
	under_way = (struct known){ conf->number, conf->n_services,
	    xcalloc(conf->n_services + 1, sizeof(struct place)) };
	for (size_t i = 0; i < conf->n_services; i++)
		place_make(&under_way.places[i], &conf->services[i]);
}

void
service_drop(void)
{
	free(under_way.places);
	under_way = (struct known){ 0 };
}

void
service_commit(void)
{
	free(known[CONFS_KEPT - 1].places);
	memmove(&known[1], &known[0], sizeof(known) - sizeof(known[0]));
	known[0] = under_way;
	under_way = (struct known){ 0 };
}

static const struct known *
known_find(uint32_t conf)
{
	if (under_way.places != NULL && under_way.conf == conf)
		return &under_way;
	for (size_t i = 0; i < CONFS_KEPT; i++)
		if (known[i].places != NULL && known[i].conf == conf)
			return &known[i];
	return NULL;
}

static const struct place *
place_find(const struct service_open *m)
{
	const struct known	*k = known_find(m->conf);

	if (k == NULL || m->service >= k->n || k->places[m->service].len == 0)
		return NULL;
	return &k->places[m->service];
}

/* ---- connecting -------------------------------------------------------- */

static void
answer(struct peer *p, uint32_t id, int fd, int error)
{
	const struct service_opened	 m = { (uint32_t)error };

	if (fd != -1)
		peer_send_fd(p, SERVICE_OPENED, id, fd, &m);
	else
		peer_send(p, SERVICE_OPENED, id, &m);
}

static void
opening_free(struct opening *o)
{
	LIST_REMOVE(o, entry);
	n_openings--;
	if (o->event != NULL)
		event_free(o->event);
	if (o->fd != -1)
		close(o->fd);
	free(o);
}

static void
check_stopped(void)
{
	if (on_stopped != NULL && n_openings == 0)
		on_stopped();
}

/* error 0: with its socket. */
static void
finish(struct opening *o, int error)
{
	if (error != 0)
		log_debug("service socket=\"%s\": %s",
		    o->place.addr.ss_family == AF_UNIX ?
		    ((struct sockaddr_un *)&o->place.addr)->sun_path : "tcp",
		    strerror(error));
	if (o->peer != NULL)
		answer(o->peer, o->id, error == 0 ? o->fd : -1, error);
	if (error == 0 && o->peer != NULL)
		o->fd = -1;	/* passed, and closed by that */
	opening_free(o);
	check_stopped();
}

/* 0, or what is wrong; EINPROGRESS and EAGAIN: not yet. */
static int
try(struct opening *o)
{
	if (o->fd == -1)
		o->fd = socket(o->place.addr.ss_family,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (o->fd == -1)
		return errno;
	if (connect(o->fd, (struct sockaddr *)&o->place.addr,
	    o->place.len) == 0)
		return 0;
	return errno;
}

static int
outcome_of(const struct opening *o)
{
	int		 error;
	socklen_t	 len = sizeof(error);

	if (getsockopt(o->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return errno;
	return error;
}

static void
wait_for(struct opening *o, short what, uint64_t ms)
{
	const struct timeval	 tv = { (time_t)(ms / 1000),
					(suseconds_t)(ms % 1000 * 1000) };

	if (o->event != NULL)
		event_free(o->event);
	o->event = event_new(proc_base(), what != 0 ? o->fd : -1, what,
	    on_event, o);
	if (o->event == NULL || event_add(o->event, &tv) == -1)
		finish(o, ENOMEM);
}

static void
go_on(struct opening *o)
{
	uint64_t	 now = clock_ms();
	int		 error = now < o->until_ms ? try(o) : ETIMEDOUT;

	if (error == EINPROGRESS)
		wait_for(o, EV_WRITE, o->until_ms - now);
	else if (error == EAGAIN) {
		close(o->fd);
		o->fd = -1;
		wait_for(o, 0, FULL_AGAIN_MS);
	} else
		finish(o, error);
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct opening	*o = arg;

	if (what & EV_WRITE)
		finish(o, outcome_of(o));
	else if (fd != -1)
		finish(o, ETIMEDOUT);
	else
		go_on(o);
}

void
service_on_open(struct peer *p, uint32_t id, const struct service_open *m)
{
	const struct place	*place = place_find(m);
	struct opening		*o;

	if (place == NULL || proc_stopping() || n_openings == OPENINGS_MAX) {
		answer(p, id, -1, place == NULL ? ESTALE : EBUSY);
		return;
	}
	o = xcalloc(1, sizeof(*o));
	o->peer = p;
	o->id = id;
	o->place = *place;
	o->fd = -1;
	o->until_ms = clock_ms() + proc_conf()->connect_timeout_ms;
	LIST_INSERT_HEAD(&openings, o, entry);
	n_openings++;
	go_on(o);
}

/* ---- the ends ---------------------------------------------------------- */

void
service_peer_lost(const struct peer *p)
{
	struct opening	*o, *next;

	for (o = LIST_FIRST(&openings); o != NULL; o = next) {
		next = LIST_NEXT(o, entry);
		if (o->peer == p)
			opening_free(o);
	}
	check_stopped();
}

void
service_stop(void (*stopped)(void))
{
	on_stopped = stopped;
	check_stopped();
}

void
service_abort(void)
{
	struct opening	*o;

	while ((o = LIST_FIRST(&openings)) != NULL)
		finish(o, ECANCELED);
}
