/*
 * The list of workers, and JOB_KEPTs gathered per turn of the loop.
 */
#include "worker.h"

#include <event2/event.h>

#include <stdlib.h>

#include "keyed.h"
#include "log.h"
#include "proc.h"
#include "xmalloc.h"

static struct worker	*workers;

static void
become_usable(struct worker *w)
{
	if (w->usable)
		return;
	w->usable = true;
	evtimer_del(w->timer);
	w->on_usable(w);
}

void
worker_resumed(struct worker *w)
{
	w->resumed = true;
	become_usable(w);
}

static void
on_resume_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct worker	*w = arg;

	(void)fd, (void)what;
	log_warn("worker %s/%u: did not say what it has in hand; mail it has "
	    "may be delivered twice", role_name(w->peer->role),
	    w->peer->index);
	become_usable(w);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct worker	*w = arg;
	struct job_kept	 kept = { w->kept, w->n_kept };

	(void)fd, (void)what;
	if (w->n_kept != 0)
		peer_send(w->peer, JOB_KEPT, 0, &kept);
	w->n_kept = 0;
}

void
worker_kept(struct worker *w, uint32_t job)
{
	static const struct timeval	 now = { 0, 0 };

	w->kept[w->n_kept++] = (struct job_number){ job };
	if (w->n_kept == 1)
		evtimer_add(w->flush, &now);
	if (w->n_kept == JOBS_KEPT_MAX)
		on_flush(-1, 0, w);
}

struct worker *
worker_new(struct peer *p, void (*on_usable)(struct worker *))
{
	static const struct timeval	 wait = { RESUME_MS / 1000, 0 };
	struct worker			*w = xcalloc(1, sizeof(*w));

	w->peer = p;
	w->on_usable = on_usable;
	LIST_INIT(&w->tasks);
	LIST_INIT(&w->outcomes);
	w->timer = evtimer_new(proc_base(), on_resume_timeout, w);
	w->flush = evtimer_new(proc_base(), on_flush, w);
	if (w->timer == NULL || w->flush == NULL)
		fatal("worker: no memory for its timers");
	evtimer_add(w->timer, &wait);
	w->next = workers;
	workers = w;
	return w;
}

void
worker_free(struct worker *w)
{
	struct worker	**at = &workers;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	event_free(w->timer);
	event_free(w->flush);
	free(w);
}

enum role
role_for(const struct route *r)
{
	return r->spec.transport == TRANSPORT_LOCAL ? ROLE_DELIVERD_LOCAL :
	    ROLE_DELIVERD_OUT;
}

/* Rendezvous hashing: a worker that comes or goes moves only its share. */
static uint64_t
weight(const struct route *r, const struct worker *w)
{
	uint64_t	 key[2];

	key[0] = keyed_hash(r->spec.next_hop.p, r->spec.next_hop.n);
	key[1] = w->peer->index;
	return keyed_hash(key, sizeof(key));
}

struct worker *
worker_for(const struct route *r)
{
	struct worker	*best = NULL;
	uint64_t	 highest = 0, h;

	for (struct worker *w = workers; w != NULL; w = w->next) {
		if (!w->usable || w->peer->leaving ||
		    w->peer->role != role_for(r))
			continue;
		h = weight(r, w);
		if (best == NULL || h > highest) {
			best = w;
			highest = h;
		}
	}
	return best;
}

unsigned
worker_count(enum role role)
{
	unsigned	 n = 0;

	for (const struct worker *w = workers; w != NULL; w = w->next)
		if (w->usable && w->peer->role == role)
			n++;
	return n;
}
