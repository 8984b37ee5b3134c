/*
 * Stopping, step by step.  How long each process may take is known to the
 * child itself (child.h, mailbox.h).
 */
#include "stop.h"

#include <event2/event.h>

#include "log.h"
#include "mailbox.h"
#include "master.h"
#include "reload.h"

/* who stops before whom; mail goes only downwards */
static const unsigned	 order[] = {
	SMTPD_MX | SMTPD_MSA | SMTPD_API,
	DELIVERD_OUT | DELIVERD_LOCAL | DELIVERD_CONNECT | DELIVERD_STS,
	MAILBOX,
	QUEUED | STATE,
	CHILD_ANY & ~LOG,
	LOG,
};
#define STEPS	(sizeof(order) / sizeof(order[0]))

static size_t		 step;
static struct event	*turn;

/* Tells those of the roles that are still there; false when none is. */
static bool
tell(unsigned roles)
{
	bool	 any = false;

	if (roles & MAILBOX && mailbox_stop())
		any = true;
	for (size_t i = 0; i < master.n_children; i++) {
		struct child	*c = &master.children[i];

		if (!(roles & 1u << c->role))
			continue;
		child_event(c, LIFE_STOP);
		if (c->state != CHILD_DOWN)
			any = true;
	}
	return any;
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	while (step < STEPS) {
		if (tell(order[step]))
			return;
		step++;
	}
	event_base_loopexit(master.base, NULL);
}

/* Later: we may be in the middle of some child's event. */
void
stop_go_on(void)
{
	if (master.stopping)
		event_active(turn, EV_TIMEOUT, 0);
}

void
stop_all(int status)
{
	if (master.stopping)
		return;
	master.stopping = true;
	reload_stop();
	master.status = status;
	if ((turn = event_new(master.base, -1, 0, on_turn, NULL)) == NULL)
		fatal("out of memory for events");
	stop_go_on();
}
