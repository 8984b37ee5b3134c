/*
 * The client of queued.  Owns which queued there is, and the list of commits
 * that have lost theirs.
 */
#include "queue_client.h"

#include <event2/event.h>

#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "peer.h"

#include "cmd_data.h"
#include "cmd_rcpt.h"
#include "login.h"
#include "secure.h"
#include "session.h"

#define TICK_MS		100	/* how late a commit may be given up */

static struct event		*tick;
static struct peer		*queued;
static uint32_t			 epoch;
static TAILQ_HEAD(, session)	 lost_commits =
				    TAILQ_HEAD_INITIALIZER(lost_commits);

static void	 on_tick(evutil_socket_t, short, void *);

void
queue_setup(struct event_base *base)
{
	tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	if (tick == NULL)
		fatal("out of memory for events");
}

uint32_t
queue_epoch(void)
{
	return epoch;
}

/* ---- recipients, files ------------------------------------------------- */

static int
asked(struct session *s, uint32_t id)
{
	if (id == 0)
		return -1;
	s->ask = (struct ask){ queued, id };
	return 0;
}

static void
answered(struct session *s)
{
	s->ask = (struct ask){ NULL, 0 };
}

static void
on_check_lost(void *asker, enum lost_why why)
{
	struct session	*s = asker;

	(void)why;
	answered(s);
	rcpt_checked(s, NULL);
}

int
queue_check_rcpts(struct session *s, const struct rcpt_item *items, size_t n)
{
	struct rcpt_check	 m = {
		.conf = s->set->conf,
		.listener = s->set->listener,
		.client = s->client,
		.account = login_account(s),
		.sender = mail_text(s, s->mail.sender),
		.rcpts = items,
		.n_rcpts = n,
	};

	return asked(s, peer_ask(queued, RCPT_CHECK, &m, on_check_lost, s,
	    QUEUE_CHECK_MS));
}

void
on_rcpt_checked(struct peer *p, void *asker, const struct rcpt_checked *m)
{
	struct session	*s = asker;

	if (s == NULL)
		return;
	answered(s);
	if (m->n_answers != s->mail.n_asked) {
		peer_fault(p, "answers to another number of recipients");
		m = NULL;
	}
	rcpt_checked(s, m);
}

static void
on_large_lost(void *asker, enum lost_why why)
{
	struct session	*s = asker;

	(void)why;
	answered(s);
	data_file(s, -1, 0, STORE_TEMPORARY);
}

int
queue_open_large(struct session *s)
{
	static const struct nothing	 m;

	return asked(s, peer_ask(queued, LARGE_OPEN, &m, on_large_lost, s,
	    QUEUE_CHECK_MS));
}

void
on_large_opened(struct peer *p, void *asker, const struct large_opened *m)
{
	struct session	*s = asker;
	int		 fd = peer_take_fd(p);

	if (s == NULL) {
		if (fd != -1) {
			close(fd);
			queue_drop_large(m->large, epoch);
		}
		return;
	}
	answered(s);
	data_file(s, fd, m->large, m->result);
}

void
queue_drop_large(uint32_t large, uint32_t of_epoch)
{
	struct large_drop	 m = { large };

	if (of_epoch == epoch)
		peer_send(queued, LARGE_DROP, 0, &m);
}

/* ---- commit ------------------------------------------------------------ */

static void
wait_for_queued(struct session *s)
{
	const struct timeval	 every = { 0, TICK_MS * 1000 };

	if (s->commit.give_up_ms == 0)
		s->commit.give_up_ms = clock_ms() + QUEUE_WAIT_MS;
	s->commit.waiting = true;
	TAILQ_INSERT_TAIL(&lost_commits, s, commit.link);
	event_add(tick, &every);
}

static void
stop_waiting(struct session *s)
{
	s->commit.waiting = false;
	TAILQ_REMOVE(&lost_commits, s, commit.link);
}

/* A commit's queued is gone, or has not answered. */
static void
on_commit_lost(void *asker, enum lost_why why)
{
	struct session	*s = asker;

	answered(s);
	if (why == LOST_PEER)
		wait_for_queued(s);
	else
		data_stored(s, STORE_TEMPORARY, STR_NONE);
}

static void
fill_envelope(const struct session *s, struct envelope *e)
{
	static struct recipient	 rcpts[RCPTS_MAX];

	for (size_t i = 0; i < s->mail.n_rcpts; i++)
		mail_recipient(s, i, &rcpts[i]);
	e->id = s->mail.id;
	e->arrived = s->mail.arrived;
	e->sender = mail_text(s, s->mail.sender);
	e->body = s->mail.body_type;
	e->utf8 = s->mail.utf8;
	e->client = s->client;
	e->helo = mail_helo(s);
	e->account = login_account(s);
	e->ret = s->mail.ret;
	e->envid = mail_text(s, s->mail.envid);
	e->listener = s->set->listener;
	e->rcpts = rcpts;
	e->n_rcpts = s->mail.n_rcpts;
}

/* Hands the message in; -1 when that cannot be, now or ever. */
static int
submit(struct session *s)
{
	struct body		*b = &s->body;
	struct mail_submit	 m = { .conf = s->set->conf,
	    .header = buf_str(&b->header) };
	bool			 is_large = b->fd != -1;

	if (is_large && b->epoch != epoch)
		return -1;	/* the file died with its queued */
	fill_envelope(s, &m.envelope);
	if (secure_cipher(s) != NULL)
		m.tls = str_of(secure_text(s));
	if (is_large) {
		m.large = b->large;
		m.large_size = b->file_size;
	} else
		m.body = buf_str(&b->content);
	if (asked(s, peer_ask(queued, MAIL_SUBMIT, &m, on_commit_lost, s,
	    QUEUE_STORE_MS)) == -1)
		return -1;
	s->commit.sent = true;
	if (is_large) {		/* it is queued's now */
		close(b->fd);
		b->fd = -1;
	}
	return 0;
}

int
queue_submit(struct session *s)
{
	s->commit = (struct commit){ 0 };
	if (queued != NULL && !queued->down)
		return submit(s);
	wait_for_queued(s);
	return 0;
}

void
on_mail_stored(struct peer *p, void *asker, const struct mail_stored *m)
{
	struct session	*s = asker;

	(void)p;
	if (s == NULL)
		return;
	answered(s);
	data_stored(s, m->result, m->text);
}

/* There is a new queued: has the old one stored it? */
static void
ask_again(struct session *s)
{
	struct mail_ask	 m = { s->mail.id };
	int		 r;

	if (s->commit.sent)
		r = asked(s, peer_ask(queued, MAIL_ASK, &m, on_commit_lost, s,
		    QUEUE_WAIT_MS));
	else
		r = submit(s);
	if (r == -1)
		data_stored(s, STORE_TEMPORARY, STR_NONE);
}

void
on_mail_known(struct peer *p, void *asker, const struct mail_known *m)
{
	struct session	*s = asker;
	bool		 may_resend;

	(void)p;
	if (s == NULL)
		return;
	answered(s);
	if (m->stored) {
		data_stored(s, STORE_OK, STR_NONE);
		return;
	}
	/* once only, and not what was in a file: that died with the old one */
	may_resend = !s->commit.resent && s->body.file_size == 0;
	s->commit.resent = true;
	if (!may_resend || submit(s) == -1)
		data_stored(s, STORE_TEMPORARY, STR_NONE);
}

void
queue_up(struct peer *p)
{
	struct session	*s;

	queued = p;
	epoch++;
	while ((s = TAILQ_FIRST(&lost_commits)) != NULL && !p->down) {
		stop_waiting(s);
		ask_again(s);
	}
}

void
queue_down(struct peer *p)
{
	if (queued == p)
		queued = NULL;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct session	*s, *next;
	uint64_t	 now = clock_ms();

	(void)fd, (void)what, (void)arg;
	for (s = TAILQ_FIRST(&lost_commits); s != NULL; s = next) {
		next = TAILQ_NEXT(s, commit.link);
		if (s->commit.give_up_ms > now)
			continue;
		stop_waiting(s);
		data_stored(s, STORE_TEMPORARY, STR_NONE);
		next = TAILQ_FIRST(&lost_commits);	/* any may be gone */
	}
	if (TAILQ_EMPTY(&lost_commits))
		event_del(tick);
}

void
queue_forget(struct session *s)
{
	if (s->ask.id != 0)
		peer_forget(s->ask.peer, s->ask.id);
	answered(s);
	if (s->commit.waiting)
		stop_waiting(s);
}
