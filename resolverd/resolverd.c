/*
 * Requests of other processes, from when they come to their answer.  Owns
 * them and the jobs in them; a job of a peer that is lost is ended without a
 * word.  Requests may come before the first configuration is in force, as
 * sockets to peers come first: they wait for it.
 */
#include "resolverd.h"

#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "io.h"
#include "log.h"

#include "hosts.h"
#include "lookup.h"
#include "name.h"

struct request {
	TAILQ_ENTRY(request)	 next;
	struct peer		*peer;
	uint32_t		 id;
	bool			 is_name;	/* else hosts */
	bool			 started;
	union {
		struct hosts_ask hosts;
		struct name_ask	 name;
	} ask;
	char			 store[DOMAIN_MAX];	/* its name */
	union {
		struct hosts_job hosts;
		struct name_job	 name;
	} job;
};

static TAILQ_HEAD(, request)	 requests = TAILQ_HEAD_INITIALIZER(requests);
static bool			 configured;

static void
request_free(struct request *r)
{
	TAILQ_REMOVE(&requests, r, next);
	if (r->started && r->is_name)
		name_clear(&r->job.name);
	else if (r->started)
		hosts_clear(&r->job.hosts);
	free(r);
	if (proc_stopping() && TAILQ_EMPTY(&requests))
		proc_exit(0);
}

static struct request *
request_of(void *job)
{
	return (struct request *)((char *)job -
	    offsetof(struct request, job));
}

static void
hosts_done(struct hosts_job *j, const struct hosts *m)
{
	struct request	*r = request_of(j);

	peer_send(r->peer, HOSTS, r->id, m);
	request_free(r);
}

static void
name_done(struct name_job *j, const struct name *m)
{
	struct request	*r = request_of(j);

	peer_send(r->peer, NAME, r->id, m);
	request_free(r);
}

/* It may be over, and freed, when this returns. */
static void
request_start(struct request *r)
{
	r->started = true;
	if (r->is_name)
		name_start(&r->job.name, &r->ask.name, name_done);
	else
		hosts_start(&r->job.hosts, &r->ask.hosts, hosts_done);
}

/* A new request with a copy of the name; NULL without memory. */
static struct request *
request_new(struct peer *p, uint32_t id, struct str *name)
{
	struct request	*r;

	if ((r = malloc(sizeof(*r))) == NULL)
		return NULL;
	r->peer = p;
	r->id = id;
	r->started = false;
	if (name->n != 0)
		memcpy(r->store, name->p, name->n);
	name->p = r->store;
	TAILQ_INSERT_TAIL(&requests, r, next);
	return r;
}

static void
on_hosts_ask(struct peer *p, uint32_t id, const struct hosts_ask *m)
{
	static const struct hosts	 failed = {
		.result = NAMES_FAILED, .dnssec = DNSSEC_FAILED,
		.why = STR("out of memory"),
	};
	struct hosts_ask		 ask = *m;
	struct request			*r = request_new(p, id, &ask.name);

	if (r == NULL) {
		peer_send(p, HOSTS, id, &failed);
		return;
	}
	r->is_name = false;
	r->ask.hosts = ask;
	if (configured)
		request_start(r);
}

static void
on_name_ask(struct peer *p, uint32_t id, const struct name_ask *m)
{
	static const struct name	 failed = {
		.result = NAMES_FAILED, .dnssec = DNSSEC_FAILED,
	};
	struct name_ask			 ask = *m;
	struct request			*r = request_new(p, id, &ask.name);

	if (r == NULL) {
		peer_send(p, NAME, id, &failed);
		return;
	}
	r->is_name = true;
	r->ask.name = ask;
	if (configured)
		request_start(r);
}

/* ---- life -------------------------------------------------------------- */

static void
prepare(void)
{
	if (sodium_init() == -1)
		fatal("cannot set up libsodium");
	io_setup(proc_base());
	lookup_setup(proc_base());
}

static void
commit(void)
{
	lookup_configure(proc_conf());
}

static void
start(void)
{
	struct request	*r, *next;

	configured = true;
	for (r = TAILQ_FIRST(&requests); r != NULL; r = next) {
		next = TAILQ_NEXT(r, next);
		request_start(r);
	}
	proc_ready();
}

static void
peer_down(struct peer *p)
{
	struct request	*r, *next;

	for (r = TAILQ_FIRST(&requests); r != NULL; r = next) {
		next = TAILQ_NEXT(r, next);
		if (r->peer == p)
			request_free(r);
	}
}

static void
stop(void)
{
	if (TAILQ_EMPTY(&requests))
		proc_exit(0);
}

static const struct handlers	 handlers = {
	.HOSTS_ASK = on_hosts_ask,
	.NAME_ASK = on_name_ask,
};

const struct proc_ops	 resolverd_ops = {
	.program = "resolverd",
	.roles = RESOLVERD,
	.handlers = &handlers,
	.prepare = prepare,
	.commit = commit,
	.peer_down = peer_down,
	.start = start,
	.stop = stop,
};
