/*
 * Routes, pauses and the trace, as posternctl asks for them.
 */
#include "control_impl.h"

#include <stdlib.h>

#include "arena.h"
#include "log.h"
#include "xmalloc.h"

#include "pause.h"
#include "reply.h"
#include "route.h"
#include "schedule.h"
#include "trace_find.h"

#define LOOKS_MAX	20000	/* numbers of routes tried for one page */

/* ---- routes ------------------------------------------------------------ */

static enum shown_route
state_of(const struct route *r)
{
	if (r->down)
		return SHOWN_DOWN;
	if (r->window != 0)
		return SHOWN_AWAKE;
	return r->woken ? SHOWN_WOKEN : SHOWN_ASLEEP;
}

static struct route_row
row_of(const struct route *r, struct str name)
{
	const struct pause_row	*p = pause_of_route(r);
	struct route_row	 row = { .name = name,
	    .transport = r->spec.transport, .state = state_of(r),
	    .ready = r->n_ready, .active = r->in_flight,
	    .window = r->window, .reason = reply_text(r->down_reply) };

	if (p == NULL)
		return row;
	row.state = SHOWN_PAUSED;
	row.until = p->until;
	row.reason = p->reason;
	return row;
}

void
on_routes_ask(struct peer *p, uint32_t id, const struct routes_ask *m)
{
	static char		 names[ROUTE_ROWS_MAX][ROUTE_NAME_MAX + 1];
	struct route_row	 rows[ROUTE_ROWS_MAX];
	struct routes		 answer = { .more = true, .rows = rows,
	    .cursor = m->cursor };
	const struct route	*r;

	for (int n = 0; n < LOOKS_MAX && answer.n_rows < ROUTE_ROWS_MAX; n++) {
		if (!route_was(answer.cursor + 1)) {
			answer.more = false;
			break;
		}
		if ((r = route_find(++answer.cursor)) == NULL)
			continue;
		rows[answer.n_rows] = row_of(r, route_name(r,
		    names[answer.n_rows]));
		answer.n_rows++;
	}
	peer_send(p, ROUTES, id, &answer);
}

/* ---- pauses ------------------------------------------------------------ */

static void
on_paused(void *arg, enum pause_result result)
{
	struct ctl	**at = arg, *c = *at;
	struct paused	 m = { result };

	if (c != NULL) {
		c->pausing = NULL;
		peer_send(c->peer, PAUSED, c->pause_id, &m);
	}
	free(at);
}

void
on_pause(struct peer *p, uint32_t id, const struct pause *m)
{
	struct ctl	*c = p->data, **at;
	struct paused	 denied = { PAUSE_DENIED };

	if (c->uid != 0) {
		peer_send(p, PAUSED, id, &denied);
		return;
	}
	at = xmalloc(sizeof(*at));
	*at = c;
	c->pausing = at;
	c->pause_id = id;
	pause_change(m, on_paused, at);
}

/* ---- the trace --------------------------------------------------------- */

static void
on_found(void *arg)
{
	struct ctl	*c = arg;

	c->trace = NULL;
}

void
on_trace_ask(struct peer *p, uint32_t id, const struct trace_ask *m)
{
	struct ctl	*c = p->data;

	c->trace = trace_find(p, id, m, on_found, c);
}
