/*
 * What postern-local is told, by master its rule and by deliverd the mails,
 * one after the other: it waits for the disk in its handlers, as it has
 * nothing else to do.
 */
#include "local.h"

#include <event2/event.h>

#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "maildir.h"
#include "mailpath.h"
#include "peer.h"

/* Above BOX_CLOSE_MS of deliverd, which closes first. */
#define BOX_IDLE_MS	10000

/* MAILBOX_RULE, copied */
static struct {
	bool		 known;
	char		 hostname_text[DOMAIN_MAX];
	char		 path_text[FILE_NAME_MAX];
	char		 home_text[FILE_NAME_MAX];
	struct str	 hostname, path, home;
} rule;

static struct event	*idle;

static void
on_idle(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	proc_exit(EX_OK);
}

static void
wait_for_mail(void)
{
	const struct timeval	 tv = { BOX_IDLE_MS / 1000, 0 };

	evtimer_add(idle, &tv);
}

static struct str
copy(char *to, struct str s)
{
	if (s.n != 0)
		memcpy(to, s.p, s.n);
	return str_bytes(to, s.n);
}

static void
on_rule(struct peer *p, uint32_t id, const struct mailbox_rule *m)
{
	(void)p, (void)id;
	rule.hostname = copy(rule.hostname_text, m->hostname);
	rule.path = copy(rule.path_text, m->path);
	rule.home = copy(rule.home_text, m->home);
	rule.known = true;
	proc_begin();
}

static void
deliver(const struct mailbox_put *m, int fd, struct maildir_result *r)
{
	struct mailpath		 path;
	struct maildir_mail	 mail = {
		.base = path.base,
		.below = path.below,
		.hostname = rule.hostname,
		.sender = m->sender,
		.rcpt = m->rcpt,
		.header = m->header,
		.body = m->body,
		.fd = fd,
	};

	switch (mailpath_expand(&path, rule.path, rule.home, m->rcpt)) {
	case MAILPATH_OK:
		maildir_deliver(&mail, r);
		return;
	case MAILPATH_BAD_ADDRESS:
		*r = (struct maildir_result){ RCPT_FAILED, "5.1.1",
		    "no mailbox can have this name" };
		return;
	case MAILPATH_BAD_RULE:
		break;
	}
	*r = (struct maildir_result){ RCPT_DEFERRED, "4.3.5",
	    "the path of the delivery rule cannot be used" };
}

static void
on_put(struct peer *p, uint32_t id, const struct mailbox_put *m)
{
	struct maildir_result	 r = { RCPT_DEFERRED, "4.3.5",
				    "no delivery rule is known" };
	struct mailbox_done	 done;
	int			 fd = peer_take_fd(p);

	if (rule.known)
		deliver(m, fd, &r);
	if (fd != -1)
		close(fd);
	done.status = r.status;
	done.code = str_of(r.code);
	done.text = str_of(r.text);
	peer_send(p, MAILBOX_DONE, id, &done);
	wait_for_mail();
}

static const struct handlers	handlers = {
	.MAILBOX_RULE = on_rule,
	.MAILBOX_PUT = on_put,
};

/* deliverd has no more mail for us, or is no more. */
static void
on_peer_down(struct peer *p)
{
	if (p->role == ROLE_DELIVERD_LOCAL)
		proc_exit(EX_OK);
}

static void
on_start(void)
{
	if ((idle = evtimer_new(proc_base(), on_idle, NULL)) == NULL)
		fatal("no memory for a timer");
	wait_for_mail();
	proc_ready();
}

/* Between two mails nothing is open: the answers go out and that is all. */
static void
on_stop(void)
{
	struct peer	*deliverd = proc_peer(ROLE_DELIVERD_LOCAL);

	if (deliverd != NULL)
		peer_drain(deliverd, 1000);
	proc_exit(EX_OK);
}

const struct proc_ops	local_ops = {
	.program = "postern-local",
	.roles = MAILBOX,
	.handlers = &handlers,
	.peer_down = on_peer_down,
	.start = on_start,
	.stop = on_stop,
};
