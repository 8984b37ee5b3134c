/*
 * The control socket, as a peer of queued.  There is no loop: the program
 * waits for each answer.  The answer that came last is kept in an arena of
 * its own, as the peer's memory is gone once its handler returns.
 */
#include "link.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <event2/event.h>

#include <err.h>
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "peer.h"

#define ANSWER_MAX	(16 << 20)

static struct peer	*queued;
static bool		 lost, answered;
static struct arena	 memory = ARENA_INIT(2 * ANSWER_MAX);
static struct buf	 copy = BUF_INIT(ANSWER_MAX);
static union payload	 answer;

/* Encodes what came and decodes it again into memory that stays. */
#define KEEP(message, type)						\
	static void							\
	on_##type(struct peer *p, void *asker, const struct type *m)	\
	{								\
		struct wire	 w;					\
									\
		(void)p, (void)asker;					\
		buf_reset(&copy);					\
		arena_reset(&memory);					\
		type##_put(&copy, m);					\
		wire_init(&w, buf_data(&copy), copy.len);		\
		answered = type##_get(&w, &memory, &answer.type) == 0;	\
	}
KEEP(QUEUE_ROWS, queue_rows)
KEEP(MAIL_SHOWN, mail_shown)
KEEP(QUEUE_CHANGED, queue_changed)
KEEP(STATUS, status)
KEEP(RELOADED, reloaded)
KEEP(GUESSES, guesses)
KEEP(QUEUE_COUNTED, queue_counted)
KEEP(PAUSED, paused)
KEEP(ROUTES, routes)
KEEP(TRACE, trace)
KEEP(MAIL_CONTENT, mail_content)

static int	 body_fd = -1;

static void
on_content(struct peer *p, void *asker, const struct mail_content *m)
{
	body_fd = peer_take_fd(p);
	on_mail_content(p, asker, m);
}

static const struct handlers	 handlers = {
	.QUEUE_ROWS = on_queue_rows,
	.MAIL_SHOWN = on_mail_shown,
	.QUEUE_CHANGED = on_queue_changed,
	.STATUS = on_status,
	.RELOADED = on_reloaded,
	.GUESSES = on_guesses,
	.QUEUE_COUNTED = on_queue_counted,
	.PAUSED = on_paused,
	.ROUTES = on_routes,
	.TRACE = on_trace,
	.MAIL_CONTENT = on_content,
};

static void
on_lost(struct peer *p)
{
	(void)p;
	lost = true;
}

void
link_open(const char *path)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	struct event_base	*base;
	int			 fd;

	if (strlen(path) >= sizeof(sun.sun_path))
		errx(EX_USAGE, "%s: the path of a socket has at most %zu "
		    "octets", path, sizeof(sun.sun_path) - 1);
	memcpy(sun.sun_path, path, strlen(path) + 1);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		err(EX_OSERR, "socket");
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(errno == EACCES ? EX_NOPERM : EX_UNAVAILABLE,
		    "%s: is postern running? connect", path);
	if ((base = event_base_new()) == NULL)
		errx(EX_OSERR, "out of memory");
	peer_setup(base, ROLE_CTL, 0, 0);
	queued = peer_new(fd, ROLE_QUEUED, 0, 0, &handlers, on_lost);
}

/* Until the answer to the request of that id is here. */
static void
wait_as_long(uint32_t id, int timeout_ms)
{
	answered = false;
	while (id != 0 && !answered)
		if (peer_wait(queued, timeout_ms) == -1)
			break;
	if (!answered)
		errx(EX_TEMPFAIL, lost || queued->down ?
		    "the connection was closed: is this posternctl of the "
		    "same version, and may you do this?" :
		    "no answer within %d s", timeout_ms / 1000);
}

static void
wait_for_answer(uint32_t id)
{
	wait_as_long(id, LINK_TIMEOUT_MS);
}

const struct queue_rows *
link_queue_list(const struct queue_list *m)
{
	wait_for_answer(peer_ask(queued, QUEUE_LIST, m, NULL, queued, 0));
	return &answer.queue_rows;
}

const struct mail_shown *
link_mail_show(const struct mail_show *m)
{
	wait_for_answer(peer_ask(queued, MAIL_SHOW, m, NULL, queued, 0));
	return &answer.mail_shown;
}

const struct queue_changed *
link_queue_change(const struct queue_change *m)
{
	wait_as_long(peer_ask(queued, QUEUE_CHANGE, m, NULL, queued, 0),
	    LINK_COUNT_MS);
	return &answer.queue_changed;
}

const struct queue_counted *
link_queue_count(const struct queue_count *m)
{
	wait_as_long(peer_ask(queued, QUEUE_COUNT, m, NULL, queued, 0),
	    LINK_COUNT_MS);
	return &answer.queue_counted;
}

const struct mail_content *
link_mail_read(const struct mail_show *m, int *fd)
{
	wait_for_answer(peer_ask(queued, MAIL_READ, m, NULL, queued, 0));
	*fd = body_fd;
	return &answer.mail_content;
}

enum pause_result
link_pause(const struct pause *m)
{
	wait_for_answer(peer_ask(queued, PAUSE, m, NULL, queued, 0));
	return answer.paused.result;
}

const struct routes *
link_routes(const struct routes_ask *m)
{
	wait_for_answer(peer_ask(queued, ROUTES_ASK, m, NULL, queued, 0));
	return &answer.routes;
}

const struct trace *
link_trace(const struct trace_ask *m)
{
	wait_as_long(peer_ask(queued, TRACE_ASK, m, NULL, queued, 0),
	    LINK_COUNT_MS);
	return &answer.trace;
}

const struct status *
link_status(void)
{
	struct nothing	 m;

	wait_for_answer(peer_ask(queued, STATUS_ASK, &m, NULL, queued, 0));
	return &answer.status;
}

const struct guesses *
link_guesses(const struct guesses_ask *m)
{
	wait_for_answer(peer_ask(queued, GUESSES_ASK, m, NULL, queued, 0));
	return &answer.guesses;
}

const struct reloaded *
link_reload(const struct reload *m)
{
	wait_as_long(peer_ask(queued, RELOAD, m, NULL, queued, 0),
	    LINK_RELOAD_MS);
	return &answer.reloaded;
}
