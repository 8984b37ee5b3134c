/*
 * What posternctl asks and others answer: master, of the processes and a
 * reload, and state, of wrong passwords.
 */
#include "control_impl.h"

#include "proc.h"

#include "mail.h"
#include "pause.h"
#include "task.h"

#define STATUS_MS	2000	/* for master's part of it */
#define GUESSES_MS	5000	/* it has it in memory */

void
control_ask_lost(struct ctl *c)
{
	if (c->status_ask != 0)
		peer_forget(proc_master(), c->status_ask);
	if (c->reload_ask != 0)
		peer_forget(proc_master(), c->reload_ask);
	if (c->state != NULL)
		peer_forget(c->state, c->guesses_ask);
}

/* ---- status ------------------------------------------------------------ */

static void
send_status(struct ctl *c, const struct status *processes)
{
	struct mail_totals	 t = mail_totals();
	struct status		 m = { 0 };

	if (processes != NULL)
		m = *processes;
	m.messages = t.messages;
	m.recipients = t.recipients;
	m.active = task_open();
	m.n_pauses = pause_list(&m.pauses);
	c->status_ask = 0;
	peer_send(c->peer, STATUS, c->status_id, &m);
}

static void
on_processes_lost(void *asker, enum lost_why why)
{
	(void)why;
	if (asker != NULL)
		send_status(asker, NULL);
}

void
on_processes(struct peer *p, void *asker, const struct status *m)
{
	(void)p;
	if (asker != NULL)
		send_status(asker, m);
}

void
on_status_ask(struct peer *p, uint32_t id, const struct nothing *m)
{
	struct ctl	*c = p->data;

	c->status_id = id;
	c->status_ask = peer_ask(proc_master(), PROCESSES_ASK, m,
	    on_processes_lost, c, STATUS_MS);
	if (c->status_ask == 0)
		send_status(c, NULL);
}

/* ---- reload ------------------------------------------------------------ */

static void
send_reloaded(struct ctl *c, const struct reloaded *m)
{
	c->reload_ask = 0;
	peer_send(c->peer, RELOADED, c->reload_id, m);
}

static void
on_reload_lost(void *asker, enum lost_why why)
{
	(void)asker, (void)why;		/* without master we end as well */
}

void
on_conf_reloaded(struct peer *p, void *asker, const struct reloaded *m)
{
	(void)p;
	if (asker != NULL)
		send_reloaded(asker, m);
}

/* Master reads the files; what is wrong in them is for root alone. */
void
on_reload(struct peer *p, uint32_t id, const struct reload *m)
{
	struct reloaded	 refused = { .result = RELOAD_DENIED };
	struct ctl	*c = p->data;
	struct reload	 ask = { m->check, c->uid };

	c->reload_id = id;
	if (c->uid != 0) {
		send_reloaded(c, &refused);
		return;
	}
	c->reload_ask = peer_ask(proc_master(), CONF_RELOAD, &ask,
	    on_reload_lost, c, 0);
	refused.result = RELOAD_BUSY;
	if (c->reload_ask == 0)
		send_reloaded(c, &refused);
}

/* ---- wrong passwords --------------------------------------------------- */

static void
send_guesses(struct ctl *c, const struct guesses *m)
{
	c->state = NULL;
	peer_send(c->peer, GUESSES, c->guesses_id, m);
}

static void
refuse_guesses(struct ctl *c, enum guesses_result why)
{
	const struct guesses	 m = { .result = why };

	send_guesses(c, &m);
}

static void
on_guesses_lost(void *asker, enum lost_why why)
{
	(void)why;
	if (asker != NULL)
		refuse_guesses(asker, GUESSES_NOBODY);
}

void
on_guesses_seen(struct peer *p, void *asker, const struct guesses *m)
{
	(void)p;
	if (asker != NULL)
		send_guesses(asker, m);
}

static struct peer *
find_state(void)
{
	struct peer	*p = proc_peers();

	while (p != NULL && (p->role != ROLE_STATE || p->down))
		p = p->next;
	return p;
}

/* Who has which account is for root, as in a table of passwords. */
void
on_guesses_ask(struct peer *p, uint32_t id, const struct guesses_ask *m)
{
	struct ctl	*c = p->data;

	c->guesses_id = id;
	if (c->uid != 0) {
		refuse_guesses(c, GUESSES_DENIED);
		return;
	}
	c->state = find_state();
	c->guesses_ask = peer_ask(c->state, GUESSES_LOOK, m, on_guesses_lost,
	    c, GUESSES_MS);
	if (c->guesses_ask == 0)
		refuse_guesses(c, GUESSES_NOBODY);
}
