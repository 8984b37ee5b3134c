/*
 * Boxes.  A box without a process waits for one: at most BOXES_MAX are open,
 * and when all are, one that idles makes room.  A process that dies takes
 * with it only what it was given; one that dies before it ever did anything
 * is not started again for the mails that wait.
 */
#include "box.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "expiry.h"
#include "log.h"
#include "peer.h"
#include "proc.h"

#define BOXES_MAX	(MAILBOXES_MAX - 4)	/* some may still be ending */
#define FLYING_MAX	2	/* mails at a time; one waits while one syncs */
#define PUT_MS		300000	/* then the disk is taken to be stuck */
/* Below BOX_IDLE_MS of postern-local, so that it never ends by itself just
 * when we send it something. */
#define BOX_CLOSE_MS	8000

struct put {
	struct expiring		 unanswered;	/* first */
	TAILQ_ENTRY(put)	 entry;		/* waiting or flying */
	struct box		*box;
	struct task		*task;
	size_t			 rcpt;
};

TAILQ_HEAD(put_list, put);

enum box_state { BOX_WAITING, BOX_OPENING, BOX_OPEN };

struct box {
	struct expiring		 idling;	/* first */
	TAILQ_ENTRY(box)	 entry;
	enum box_state		 state;
	uint32_t		 conf;		/* whose these two are */
	uint16_t		 delivery;
	uint32_t		 slot;
	struct peer		*peer;		/* while open */
	unsigned		 n_done;	/* by this process */
	struct put_list		 waiting, flying;
	size_t			 n_flying;
};

static TAILQ_HEAD(, box)	 boxes = TAILQ_HEAD_INITIALIZER(boxes);
static size_t			 n_open;	/* or opening */
static struct expiry		 idling, unanswered;
static box_done			 done;

static void	 run(struct box *);
static void	 open_next(void);

/* ---- the ends of mails ------------------------------------------------- */

static void
end_put(struct put_list *list, struct put *put, const struct outcome *o)
{
	expiry_remove(&unanswered, &put->unanswered);
	TAILQ_REMOVE(list, put, entry);
	done(put->task, put->rcpt, o);
	free(put);
}

static void
end_all(struct put_list *list, const char *code, const char *why)
{
	struct outcome	 o;
	struct put	*put;

	outcome_say(&o, RCPT_DEFERRED, code, "%s", why);
	while ((put = TAILQ_FIRST(list)) != NULL)
		end_put(list, put, &o);
}

/* They go back untried: queued asks again by the new configuration. */
static void
return_all(struct put_list *list)
{
	struct outcome	 o;
	struct put	*put;

	outcome_say(&o, RCPT_RETURNED, "", "%s", "");
	while ((put = TAILQ_FIRST(list)) != NULL)
		end_put(list, put, &o);
}

static void
on_done(struct peer *p, void *asker, const struct mailbox_done *m)
{
	struct put	*put = asker;
	struct box	*box = p->data;
	struct outcome	 o;
	char		 code[SMTP_ENHANCED_MAX] = "";

	if (put == NULL)
		return;
	if (m->status == RCPT_RETURNED) {
		/* no word of its own; what it has done nobody knows */
		outcome_say(&o, RCPT_DEFERRED, "4.3.0",
		    "delivery process did not say what it did");
		peer_fault(p, "no-such-mail");
	} else {
		/* STATUS_CODE_MAX is less */
		if (m->code.n != 0)
			memcpy(code, m->code.p, m->code.n);
		outcome_say(&o, m->status, code, "%.*s", STR_FMT(m->text));
	}
	box->n_flying--;
	box->n_done++;
	end_put(&box->flying, put, &o);
	run(box);
}

/* Its process is gone, or does not answer. */
static void
on_put_lost(void *asker, enum lost_why why)
{
	struct put	*put = asker;
	struct outcome	 o;

	(void)why;
	put->box->n_flying--;
	outcome_say(&o, RCPT_DEFERRED, "4.3.0",
	    "delivery process ended before it was done");
	end_put(&put->box->flying, put, &o);
}

static void
on_unanswered(struct expiring *e)
{
	struct put	*put = (struct put *)e;

	log_warn("mailbox delivery=%u slot=%u does not answer",
	    put->box->delivery, put->box->slot);
	peer_close(put->box->peer);
}

/* ---- boxes come and go ------------------------------------------------- */

static struct box *
box_get(uint32_t conf, uint16_t delivery, uint32_t slot)
{
	struct box	*box;

	TAILQ_FOREACH(box, &boxes, entry)
		if (box->conf == conf && box->delivery == delivery &&
		    box->slot == slot)
			return box;
	if ((box = calloc(1, sizeof(*box))) == NULL)
		return NULL;
	box->conf = conf;
	box->delivery = delivery;
	box->slot = slot;
	TAILQ_INIT(&box->waiting);
	TAILQ_INIT(&box->flying);
	TAILQ_INSERT_TAIL(&boxes, box, entry);
	return box;
}

/* It has no process any more. */
static void
box_closed(struct box *box)
{
	expiry_remove(&idling, &box->idling);
	n_open--;
	box->state = BOX_WAITING;
	box->peer = NULL;
	if (TAILQ_EMPTY(&box->waiting)) {
		TAILQ_REMOVE(&boxes, box, entry);
		free(box);
	}
	open_next();
}

static void
on_box_lost(struct peer *p)
{
	struct box	*box = p->data;

	if (box->n_done == 0)
		end_all(&box->waiting, "4.3.0",
		    "delivery process ended before it began");
	box_closed(box);
}

static const struct handlers	box_handlers = {
	.MAILBOX_DONE = on_done,
};

static void
not_opened(struct box *box, const struct mailbox_opened *m)
{
	if (m->again)
		return_all(&box->waiting);
	else {
		log_error("mailbox delivery=%u slot=%u cannot be opened: %s",
		    box->delivery, box->slot, log_text(m->why));
		end_all(&box->waiting, "4.3.5", "mailbox cannot be opened");
	}
	box_closed(box);
}

void
box_on_opened(struct peer *p, void *asker, const struct mailbox_opened *m)
{
	struct box	*box = asker;
	int		 fd = peer_take_fd(p);

	if (box == NULL || !m->ok || fd == -1) {
		if (fd != -1)
			close(fd);
		if (box != NULL)
			not_opened(box, m);
		return;
	}
	box->state = BOX_OPEN;
	box->n_done = 0;
	box->peer = peer_new(fd, ROLE_MAILBOX, m->index, m->generation,
	    &box_handlers, on_box_lost);
	box->peer->data = box;
	run(box);
}

static void
on_open_lost(void *asker, enum lost_why why)
{
	struct box	*box = asker;

	(void)why;
	end_all(&box->waiting, "4.3.0", "mailbox cannot be opened");
	box_closed(box);
}

static void
box_open(struct box *box)
{
	struct mailbox_open	 m = {
		.conf = box->conf,
		.delivery = box->delivery,
		.slot = box->slot,
	};

	n_open++;
	box->state = BOX_OPENING;
	if (peer_ask(proc_master(), MAILBOX_OPEN, &m, on_open_lost, box,
	    0) == 0)
		on_open_lost(box, LOST_PEER);
}

static struct box *
first_waiting(void)
{
	struct box	*box;

	TAILQ_FOREACH(box, &boxes, entry)
		if (box->state == BOX_WAITING)
			return box;
	return NULL;
}

/* Processes for those that wait, as far as there may be more. */
static void
open_next(void)
{
	static bool	 opening;
	struct box	*box, *idle;

	if (opening)		/* a failure comes back here */
		return;
	opening = true;
	while ((box = first_waiting()) != NULL && n_open < BOXES_MAX)
		box_open(box);
	opening = false;
	if (box == NULL || (idle = (struct box *)expiry_first(&idling)) == NULL)
		return;
	expiry_remove(&idling, &idle->idling);
	peer_close(idle->peer);
}

static void
on_idle_too_long(struct expiring *e)
{
	struct box	*box = (struct box *)e;

	peer_close(box->peer);
}

/* ---- putting ----------------------------------------------------------- */

static uint32_t
ask(struct box *box, struct put *put)
{
	const struct task	*t = put->task;
	struct mailbox_put	 m = {
		.id = t->id,
		.sender = t->sender,
		.rcpt = t->rcpts[put->rcpt].address,
		.header = t->header,
		.body = t->body,
	};
	int			 fd = -1;

	if (t->fd != -1 && (fd = fcntl(t->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return 0;
	return peer_ask_fd(box->peer, MAILBOX_PUT, fd, &m, on_put_lost, put,
	    0);
}

static void
give(struct box *box, struct put *put)
{
	struct outcome	 o;

	if (ask(box, put) == 0) {
		outcome_say(&o, RCPT_DEFERRED, "4.3.0",
		    "delivery process cannot be reached");
		end_put(&box->waiting, put, &o);
		return;
	}
	TAILQ_REMOVE(&box->waiting, put, entry);
	TAILQ_INSERT_TAIL(&box->flying, put, entry);
	box->n_flying++;
	expiry_add(&unanswered, &put->unanswered, PUT_MS);
}

static void
run(struct box *box)
{
	struct put	*put;

	/* a peer that goes down comes back as lost, and is opened anew */
	if (box->state != BOX_OPEN || box->peer->down)
		return;
	while (box->n_flying < FLYING_MAX &&
	    (put = TAILQ_FIRST(&box->waiting)) != NULL)
		give(box, put);
	if (box->n_flying != 0) {
		expiry_remove(&idling, &box->idling);
		return;
	}
	expiry_add(&idling, &box->idling, BOX_CLOSE_MS);
	open_next();	/* somebody may wait for its place */
}

void
box_setup(box_done fn)
{
	done = fn;
	expiry_init(&idling, on_idle_too_long);
	expiry_init(&unanswered, on_unanswered);
}

void
box_put(struct task *t, size_t rcpt, uint16_t delivery, uint32_t slot)
{
	struct box	*box = box_get(t->conf, delivery, slot);
	struct put	*put = calloc(1, sizeof(*put));
	struct outcome	 o;

	if (box == NULL || put == NULL) {
		free(put);
		outcome_say(&o, RCPT_DEFERRED, "4.3.0", "out of memory");
		done(t, rcpt, &o);
		return;
	}
	put->box = box;
	put->task = t;
	put->rcpt = rcpt;
	TAILQ_INSERT_TAIL(&box->waiting, put, entry);
	if (box->state == BOX_OPEN)
		run(box);
	else
		open_next();
}

void
box_abort(void)
{
	struct box	*box, *next;

	for (box = TAILQ_FIRST(&boxes); box != NULL; box = next) {
		next = TAILQ_NEXT(box, entry);
		end_all(&box->waiting, "4.3.2", "this host is being stopped");
		end_all(&box->flying, "4.3.2", "this host is being stopped");
	}
}
