/*
 * smtpd as a process, in the roles mx and msa: its messages, its start and
 * its stop.  What it costs when it dies: its sessions, and no message that
 * was answered with 250.
 */
#include "smtpd.h"

#include <event2/event.h>

#include <sysexits.h>
#include <time.h>

#include "io.h"
#include "log.h"
#include "proc.h"
#include "tls.h"

#include "auth_client.h"
#include "door.h"
#include "guess_client.h"
#include "listener.h"
#include "queue_client.h"
#include "session.h"

#define STOP_LINGER_MS	100	/* for our last replies to leave */

static struct event	*leave;
static struct peer	*signer;	/* keyd's role sign; or NULL */

static const struct handlers	 smtpd_handlers = {
	.CLIENT = on_client,
	.RCPT_CHECKED = on_rcpt_checked,
	.LARGE_OPENED = on_large_opened,
	.MAIL_STORED = on_mail_stored,
	.MAIL_KNOWN = on_mail_known,
	.TLS_SIGNED = on_tls_signed,
	.CERTIFICATE = on_certificate,
	.TICKET_KEY = on_ticket_key,
	.AUTH_CHECKED = on_auth_checked,
	.GUESS_TAKEN = on_guess_taken,
};

static void
on_leave(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	proc_exit(EX_OK);
}

/* No session is left; what was written to the last ones is still going. */
static void
smtpd_none_left(void)
{
	const struct timeval	 tv = { 0, STOP_LINGER_MS * 1000 };

	event_add(leave, &tv);
}

static void
smtpd_prepare(void)
{
	/* gmtime_r opens the zone's file on its first use; now it may */
	tzset();
	tls_setup();
	if ((leave = evtimer_new(proc_base(), on_leave, NULL)) == NULL)
		fatal("out of memory for events");
	io_setup(proc_base());
	session_setup(proc_base(), smtpd_none_left);
	queue_setup(proc_base());
	door_setup();
	listener_setup();
}

static void
smtpd_commit(void)
{
	listener_commit(proc_conf());
}

static void
smtpd_peer_up(struct peer *p)
{
	if (p->role == ROLE_QUEUED)
		queue_up(p);
	else if (p->role == ROLE_KEYD_SIGN)
		tls_keyd(signer = p);
	else if (p->role == ROLE_KEYD_AUTH)
		auth_up(p);
	else if (p->role == ROLE_STATE)
		guess_up(p);
}

static void
smtpd_peer_down(struct peer *p)
{
	if (p->role == ROLE_QUEUED)
		queue_down(p);
	else if (p == signer)
		tls_keyd(signer = NULL);
	else if (p->role == ROLE_KEYD_AUTH)
		auth_down(p);
	else if (p->role == ROLE_STATE)
		guess_down(p);
}

static void
smtpd_stop(void)
{
	listener_close_all();
	session_stop_all();
}

const struct proc_ops	 smtpd_ops = {
	.program = "smtpd",
	.roles = SMTPD_MX | SMTPD_MSA,
	.handlers = &smtpd_handlers,
	.prepare = smtpd_prepare,
	.configure = listener_configure,
	.commit = smtpd_commit,
	.drop = listener_drop,
	.listener = listener_add,
	.peer_up = smtpd_peer_up,
	.peer_down = smtpd_peer_down,
	.stop = smtpd_stop,
	.leave = listener_close_all,
	.retire = session_retire,
};
