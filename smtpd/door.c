/*
 * Who comes in.  Who is at the other end is asked of the kernel alone, also
 * for a connection that another process has accepted.
 */
#include "door.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "netaddr.h"
#include "proc.h"

#include "clients.h"
#include "listener.h"
#include "places.h"
#include "session.h"
#include "settings.h"

void
door_setup(void)
{
	struct rlimit	 limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur <= FDS_RESERVED)
		fatal("too few file descriptors for any session");
	places_setup((size_t)limit.rlim_cur - FDS_RESERVED);
}

/* ---- refusals at the door ---------------------------------------------- */

/* A fresh socket takes so little at once; what is lost is lost.  Who waits
 * for TLS would not know what to make of it. */
static void
turn_away(int fd, const struct settings *set, const struct netaddr *addr,
    const char *why)
{
	char	 text[NETADDR_TEXT_MAX], line[512];
	int	 n;

	log_info("refuse client=%s listener=%.*s code=421 reason=\"%s\"",
	    addr->family != 0 ? netaddr_print(addr, text) : "local",
	    STR_FMT(set->name), why);
	n = snprintf(line, sizeof(line), "421 4.3.2 %.*s %s\r\n",
	    STR_FMT(set->hostname), why);
	if (n > 0 && (size_t)n < sizeof(line) &&
	    !settings_are_implicit(set) &&
	    send(fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		log_debug("client not told: %s", strerror(errno));
	close(fd);
}

/* RFC 5321 4.3.1: a client waits for the greeting. */
static bool
spoke_first(int fd)
{
	char	 c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* ---- who it is; NULL, or why it is not let in -------------------------- */

static const char *
enter_user(struct session_client *c)
{
	struct ucred	 cred;
	socklen_t	 len = sizeof(cred);

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return "Cannot tell who you are";
	c->uid = cred.uid;
	c->count = clients_enter_uid(c->uid, SESSIONS_PER_UID);
	return c->count != NULL ? NULL : "Too many sessions of yours";
}

static const char *
enter_stranger(struct session_client *c)
{
	c->count = clients_enter(&c->addr, c->set->is.max_sessions_per_client);
	if (c->count == NULL)
		return "Too many sessions from your address";
	/* with TLS the client begins */
	c->spoke_first = !settings_are_implicit(c->set) && spoke_first(c->fd);
	return NULL;
}

static const char *
enter(struct session_client *c)
{
	if (places_full(c->set))
		return "Too many sessions, try again later";
	if (settings_are_implicit(c->set) && !settings_offer_tls(c->set))
		return "No TLS now, try again later";
	if (c->addr.family == 0)
		return enter_user(c);
	return c->trusted ? NULL : enter_stranger(c);
}

/* Begins a session on fd (taken), if the limits allow it. */
static void
admit(int fd, struct settings *set, const struct netaddr *addr, bool trusted)
{
	struct session_client	 c = { .fd = fd, .set = set, .addr = *addr,
	    .trusted = trusted };
	const char		*why = enter(&c);

	if (why != NULL)
		turn_away(fd, set, addr, why);
	else if (session_new(&c) == -1)
		log_warn("no memory for a session");
}

/* ---- trusted clients --------------------------------------------------- */

static bool
can_take(const struct peer *p, bool leaving)
{
	return p->role == ROLE_SMTPD_MSA && !p->down &&
	    p->leaving == leaving && !peer_is_full(p);
}

/* Those msa workers in turn; NULL when none can take one. */
static struct peer *
next_of(bool leaving)
{
	static unsigned	 turn;
	unsigned	 n = 0;

	for (struct peer *p = proc_peers(); p != NULL; p = p->next)
		n += can_take(p, leaving);
	if (n == 0)
		return NULL;
	n = turn++ % n;
	for (struct peer *p = proc_peers(); p != NULL; p = p->next)
		if (can_take(p, leaving) && n-- == 0)
			return p;
	return NULL;
}

/* One that leaves still takes clients until its successor is known. */
static struct peer *
next_msa(void)
{
	struct peer	*p = next_of(false);

	return p != NULL ? p : next_of(true);
}

/* mx: to a process that queued lets relay for its clients. */
static void
hand_over(int fd, unsigned listener, const struct netaddr *addr)
{
	struct client	 m = { (uint16_t)listener };
	struct peer	*msa = next_msa();

	if (msa == NULL)
		turn_away(fd, listener_settings(listener), addr,
		    "Not available now, try again later");
	else
		peer_send_fd(msa, CLIENT, 0, fd, &m);
}

/* msa: what mx says is not believed; it may only pass a socket. */
void
on_client(struct peer *p, uint32_t id, const struct client *m)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);
	struct settings		*set;
	struct netaddr		 addr;
	int			 fd = peer_take_fd(p);

	(void)id;
	if (getpeername(fd, (struct sockaddr *)&ss, &len) == -1 ||
	    netaddr_from_sockaddr(&addr, (struct sockaddr *)&ss, len) == -1 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) == -1) {
		close(fd);	/* it may have gone by itself */
		return;
	}
	set = listener_settings(m->listener);
	if (set == NULL || !listener_trusts(m->listener, &addr)) {
		log_warn("client handed over but not trusted index=%u",
		    p->index);
		close(fd);
		return;
	}
	if (proc_stopping())
		turn_away(fd, set, &addr, "Shutting down, try again later");
	else
		admit(fd, set, &addr, true);
}

/* ---- accepted here ----------------------------------------------------- */

void
door_accepted(int fd, unsigned listener, const struct sockaddr *sa,
    socklen_t len)
{
	struct netaddr	 addr = { 0 };

	if (sa->sa_family != AF_UNIX &&
	    netaddr_from_sockaddr(&addr, sa, len) == -1)
		close(fd);
	else if (proc_role() == ROLE_SMTPD_MX &&
	    listener_trusts(listener, &addr))
		hand_over(fd, listener, &addr);
	else
		admit(fd, listener_settings(listener), &addr,
		    listener_trusts(listener, &addr));
}
