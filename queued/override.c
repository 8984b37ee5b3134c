/*
 * For each message that has any, a list of ways with the recipients that go
 * by them.
 */
#include "override.h"

#include <stdlib.h>

#include "log.h"
#include "nexthop.h"

#include "idmap.h"
#include "router_via.h"

struct way {
	struct way	*next;		/* of the same message */
	struct str	 via;		/* its memory is ours */
	uint16_t	*rcpts;
	size_t		 n;
};

/* A message that has any. */
struct ways {
	struct way	*first;
};

static struct idmap	 all;

static void
way_free(struct way *w)
{
	free((char *)(uintptr_t)w->via.p);
	free(w->rcpts);
	free(w);
}

static void
take_out(struct way *w, uint16_t rcpt)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->rcpts[i] == rcpt) {
			w->rcpts[i] = w->rcpts[--w->n];
			return;
		}
}

/* Out of all ways; what nobody goes by any more, goes. */
static void
take_back(struct ways *ways, const uint16_t *rcpts, size_t n)
{
	struct way	**at = &ways->first, *w;

	while ((w = *at) != NULL) {
		for (size_t i = 0; i < n; i++)
			take_out(w, rcpts[i]);
		if (w->n != 0) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		way_free(w);
	}
}

/* Those of the message, new or known; NULL: no memory. */
static struct ways *
ways_of(const struct msgid *id)
{
	struct ways	*ways = idmap_get(&all, id);

	if (ways != NULL)
		return ways;
	ways = calloc(1, sizeof(*ways));
	if (ways == NULL || idmap_put(&all, id, ways) == 0)
		return ways;
	free(ways);
	return NULL;
}

static struct way *
way_new(struct ways *ways, struct str via)
{
	struct way	*w = calloc(1, sizeof(*w));
	char		*text = malloc(via.n);

	if (w == NULL || text == NULL) {
		free(w);
		free(text);
		return NULL;
	}
	memcpy(text, via.p, via.n);
	w->via = str_bytes(text, via.n);
	w->next = ways->first;
	ways->first = w;
	return w;
}

static struct way *
way_of(struct ways *ways, struct str via)
{
	for (struct way *w = ways->first; w != NULL; w = w->next)
		if (str_equal(w->via, via))
			return w;
	return way_new(ways, via);
}

static int
way_add(struct way *w, const uint16_t *rcpts, size_t n)
{
	uint16_t	*list = reallocarray(w->rcpts, w->n + n,
			    sizeof(*list));

	if (list == NULL)
		return -1;
	memcpy(list + w->n, rcpts, n * sizeof(*list));
	w->rcpts = list;
	w->n += n;
	return 0;
}

int
override_set(const struct msgid *id, const uint16_t *rcpts, size_t n,
    struct str via)
{
	struct ways	*ways = via.n != 0 ? ways_of(id) : idmap_get(&all, id);
	struct way	*w;
	int		 error = 0;

	if (ways == NULL)
		return via.n != 0 ? -1 : 0;
	take_back(ways, rcpts, n);
	if (via.n != 0 && n != 0)
		error = (w = way_of(ways, via)) == NULL ? -1 :
		    way_add(w, rcpts, n);
	take_back(ways, NULL, 0);	/* one that is empty for an error */
	if (ways->first == NULL)
		override_forget(id);
	return error;
}

struct str
override_of(const struct msgid *id, uint16_t rcpt)
{
	const struct ways	*ways = idmap_get(&all, id);

	if (ways == NULL)
		return STR_NONE;
	for (const struct way *w = ways->first; w != NULL; w = w->next)
		for (size_t i = 0; i < w->n; i++)
			if (w->rcpts[i] == rcpt)
				return w->via;
	return STR_NONE;
}

void
override_forget(const struct msgid *id)
{
	struct ways	*ways = idmap_remove(&all, id);
	struct way	*w;

	if (ways == NULL)
		return;
	while ((w = ways->first) != NULL) {
		ways->first = w->next;
		way_free(w);
	}
	free(ways);
}

enum route_result
override_route(const struct msgid *id, uint16_t rcpt, struct str address,
    struct route **route)
{
	struct str		 via = override_of(id, rcpt);
	struct route_spec	 spec;
	struct nexthop		 hop;

	if (via.n == 0)
		return router_route(address, route);
	if (nexthop_parse(&hop, via) == 0 &&
	    router_via(&hop, address, &spec) == VIA_GOOD) {
		*route = route_get(&spec);
		return ROUTE_FOUND;
	}
	log_warn("override id=%s rcpt=<%s> via=%s: it cannot be any more; it "
	    "goes as the tables say", msgid_text(id), log_text(address),
	    log_text(via));
	return router_route(address, route);
}
