/*
 * The tries of a question.  A server that gave an answer of no use (SERVFAIL,
 * malformed) is spent for this question; one that was silent or could not be
 * reached is asked again after the others.  When a round over all servers
 * ended without waiting for anyone, as all of them refused, there is a pause.
 */
#include "query.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include <stdlib.h>

#include "clock.h"

#include "exchange.h"
#include "packet.h"

#define PAUSE_MS	250	/* before a round of servers that refused is
				 * begun again */

struct query {
	struct question	 question;
	struct servers	*servers;
	struct event_base *base;
	void		(*done)(void *, struct answer *);
	void		*arg;
	struct event	 timer;		/* of the try, or of a pause */
	bool		 pausing;
	uint64_t	 deadline_ms;	/* of all tries */
	uint32_t	 first_ms, try_ms;
	unsigned	 tries;
	unsigned	 spent;		/* servers that are, as bits */
	unsigned	 tried;		/* in this round */
	size_t		 server;	/* being asked */
	bool		 tcp, no_edns;	/* of this try */
	struct answer	*worst;		/* a failure that was said */
	struct packet	 packet;
	struct exchange	 exchange;
};

static void	 next_try(struct query *);

static void
query_free(struct query *q)
{
	event_del(&q->timer);
	exchange_stop(&q->exchange);
	answer_unref(&q->worst);
	servers_unref(&q->servers);
	free(q);
}

void
query_cancel(struct query **qp)
{
	if (*qp != NULL)
		query_free(*qp);
	*qp = NULL;
}

/* a is taken. */
static void
finish(struct query *q, struct answer *a)
{
	void	(*done)(void *, struct answer *) = q->done;
	void	*arg = q->arg;

	query_free(q);
	done(arg, a);
}

/* What a server said, bogus before all else, or that none said anything. */
static void
finish_failed(struct query *q)
{
	struct answer	*a = q->worst;

	q->worst = NULL;
	if (a == NULL)
		a = answer_none(NAMES_FAILED, DNSSEC_FAILED,
		    ANSWER_FAILURE_S, "no name server answers");
	finish(q, a);
}

static void
keep_failure(struct query *q, struct answer *a)
{
	if (q->worst != NULL && q->worst->dnssec == DNSSEC_BOGUS) {
		answer_unref(&a);
		return;
	}
	answer_unref(&q->worst);
	q->worst = a;
}

static void
set_timer(struct query *q, uint64_t ms)
{
	struct timeval	 tv = { (time_t)(ms / 1000),
	    (suseconds_t)(ms % 1000 * 1000) };

	event_add(&q->timer, &tv);
}

/* Of this try; 0 when the time of all tries is over. */
static uint64_t
time_left(const struct query *q, uint64_t wanted_ms)
{
	uint64_t	 now = clock_ms(), left;

	left = q->deadline_ms > now ? q->deadline_ms - now : 0;
	return left < wanted_ms ? left : wanted_ms;
}

/* The next round, a little later. */
static void
pause_round(struct query *q)
{
	q->tried = 0;
	q->pausing = true;
	set_timer(q, time_left(q, PAUSE_MS));
}

/*
 * The server could not be reached: the next one, from the loop.  That TCP
 * alone does not work makes no server one to be shunned.
 */
static void
refused(struct query *q, const char *why)
{
	if (!q->tcp)
		servers_failed(q->servers, q->server, why);
	q->tried |= 1u << q->server;
	if (servers_pick(q->servers, q->spent | q->tried) == SERVERS_NONE) {
		pause_round(q);
		return;
	}
	q->pausing = true;
	set_timer(q, 0);
}

/* Sends to the server picked; -1 when that fails at once. */
static int
send_packet(struct query *q)
{
	const struct server	*s = &q->servers->list[q->server];

	packet_ask(&q->packet, &q->question, !q->no_edns);
	if (q->tcp)
		return exchange_tcp(&q->exchange, &q->packet, &s->addr);
	return exchange_udp(&q->exchange, q->base, &q->packet, &s->addr);
}

/* To the server picked: with the time of one try. */
static void
try_server(struct query *q)
{
	uint64_t	 ms;

	ms = time_left(q, q->tries++ == 0 ? q->first_ms : q->try_ms);
	if (ms == 0) {
		finish_failed(q);
		return;
	}
	if (send_packet(q) == -1)
		refused(q, "cannot send");
	else
		set_timer(q, ms);
}

static void
next_try(struct query *q)
{
	q->tcp = q->no_edns = false;
	q->server = servers_pick(q->servers, q->spent | q->tried);
	if (q->server != SERVERS_NONE) {
		try_server(q);
		return;
	}
	if (servers_pick(q->servers, q->spent) == SERVERS_NONE)
		finish_failed(q);	/* each has said that it cannot */
	else
		pause_round(q);
}

/* The server was silent: the round goes on, and again without a pause. */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct query	*q = arg;

	(void)fd, (void)what;
	if (q->pausing) {
		q->pausing = false;
		next_try(q);
		return;
	}
	exchange_stop(&q->exchange);
	servers_silent(q->servers, q->server);
	q->tried |= 1u << q->server;
	if (servers_pick(q->servers, q->spent | q->tried) == SERVERS_NONE)
		q->tried = 0;
	next_try(q);
}

/* ---- answers ----------------------------------------------------------- */

static void
by_tcp(struct query *q)
{
	q->tcp = true;
	try_server(q);
}

static void
without_edns(struct query *q)
{
	q->no_edns = true;
	q->tcp = false;
	try_server(q);
}

static void
on_packet(struct query *q, const uint8_t *p, size_t n)
{
	struct server		*s = &q->servers->list[q->server];
	enum answer_verdict	 verdict;
	struct answer		*a;

	servers_answered(q->servers, q->server);
	a = answer_parse(&q->question, p, n, s->trusted, s->text, &verdict);
	if (verdict == ANSWER_GOOD) {
		finish(q, a);
		return;
	}
	keep_failure(q, a);
	if (verdict == ANSWER_NO_EDNS && !q->no_edns) {
		without_edns(q);
		return;
	}
	q->spent |= 1u << q->server;
	next_try(q);
}

static void
on_exchange(void *arg, enum exchange_result result, const uint8_t *p,
    size_t n)
{
	struct query	*q = arg;

	event_del(&q->timer);
	switch (result) {
	case EXCHANGE_ANSWERED:
		if (packet_is_truncated(p) && !q->tcp)
			by_tcp(q);
		else
			on_packet(q, p, n);
		break;
	case EXCHANGE_GUESSED:
		by_tcp(q);
		break;
	case EXCHANGE_REFUSED:
		refused(q, "connection refused");
		break;
	}
}

struct query *
query_start(struct event_base *base, struct servers *servers,
    const struct question *question, uint32_t timeout_ms,
    void (*done)(void *, struct answer *), void *arg)
{
	struct query	*q;
	uint32_t	 share = timeout_ms / QUERY_TRIES;

	if ((q = calloc(1, sizeof(*q))) == NULL)
		return NULL;
	q->question = *question;
	q->servers = servers_ref(servers);
	q->base = base;
	q->done = done;
	q->arg = arg;
	q->deadline_ms = clock_ms() + timeout_ms;
	q->first_ms = share < QUERY_FIRST_MS ? share : QUERY_FIRST_MS;
	q->try_ms = share < QUERY_TRY_MS ? share : QUERY_TRY_MS;
	exchange_init(&q->exchange, on_exchange, q);
	evtimer_assign(&q->timer, base, on_timer, q);
	/* first come what waits already; done is never called from here */
	q->pausing = true;
	set_timer(q, 0);
	return q;
}
