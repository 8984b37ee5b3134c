/*
 * A table of those that have a connection, or have refused one of late; who
 * is not in it is good for what anybody is good for at first.
 */
#include "host.h"

#include <sys/queue.h>

#include <stdlib.h>

#include "clock.h"
#include "keyed.h"

#include "flow.h"

#define BUCKETS		1024
#define HOSTS_MAX	65536	/* beyond, the unused are forgotten at once */
#define KEPT_MS		600000	/* after its last connection, if it refused */

struct host {
	LIST_ENTRY(host)	 entry;
	struct netaddr		 addr;
	unsigned		 n;		/* connections */
	uint64_t		 left_ms;	/* when n became 0 */
	struct flow		 flow;
};

static LIST_HEAD(, host)	 buckets[BUCKETS];
static unsigned			 n_hosts;

static unsigned
bucket_of(const struct netaddr *addr)
{
	/* the port is left out, so it is only compared */
	return keyed_hash(addr->bytes, sizeof(addr->bytes)) % BUCKETS;
}

static struct host *
find(const struct netaddr *addr)
{
	struct host	*h;

	LIST_FOREACH(h, &buckets[bucket_of(addr)], entry)
		if (h->addr.port == addr->port &&
		    netaddr_equal(&h->addr, addr))
			return h;
	return NULL;
}

static void
forget(struct host *h)
{
	LIST_REMOVE(h, entry);
	free(h);
	n_hosts--;
}

/* Those in the bucket that nobody has to know of any more. */
static void
sweep(unsigned bucket)
{
	struct host	*h, *next;
	uint64_t	 now = clock_ms();

	for (h = LIST_FIRST(&buckets[bucket]); h != NULL; h = next) {
		next = LIST_NEXT(h, entry);
		if (h->n == 0 && now - h->left_ms >= KEPT_MS)
			forget(h);
	}
}

bool
host_is_full(const struct netaddr *addr, uint32_t max)
{
	const struct host	*h = find(addr);

	return h != NULL && h->n >= flow_limit(&h->flow, max);
}

struct host *
host_use(const struct netaddr *addr)
{
	struct host	*h = find(addr);

	if (h == NULL) {
		sweep(bucket_of(addr));
		if ((h = calloc(1, sizeof(*h))) == NULL)
			return NULL;
		h->addr = *addr;
		LIST_INSERT_HEAD(&buckets[bucket_of(addr)], h, entry);
		n_hosts++;
	}
	h->n++;
	return h;
}

void
host_leave(struct host **host)
{
	struct host	*h = *host;

	*host = NULL;
	if (h == NULL || --h->n != 0)
		return;
	h->left_ms = clock_ms();
	if (h->flow.bad_ms == 0 || n_hosts > HOSTS_MAX)
		forget(h);
}

void
host_good(struct host *h, uint32_t max)
{
	if (h != NULL)
		flow_good(&h->flow, max);
}

void
host_bad(struct host *h, uint32_t max)
{
	if (h != NULL)
		flow_bad(&h->flow, max, clock_ms());
}
