/*
 * All take equally long, so they end in the order in which they began.
 */
#define FUSE_USE_VERSION 31

#include "slow.h"

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "tree.h"
#include "xmalloc.h"

struct sync {
	struct sync	*next;
	fuse_req_t	 request;
	unsigned	 node;
	size_t		 before;	/* operations that came later */
	uint64_t	 due_us;
};

static struct sync	*first, **last = &first;
static uint64_t		 takes_us;

static uint64_t
now_us(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void
slow_init(unsigned us)
{
	takes_us = us;
}

void
slow_sync(fuse_req_t request, fuse_ino_t node)
{
	struct sync	*s = xcalloc(1, sizeof(*s));

	s->request = request;
	s->node = (unsigned)node;
	s->before = tree_journal()->n;
	s->due_us = now_us() + takes_us;
	*last = s;
	last = &s->next;
}

static void
end_first(void)
{
	struct sync	*s = first;

	first = s->next;
	if (first == NULL)
		last = &first;
	tree_sync(s->node, s->before);
	fuse_reply_err(s->request, 0);
	free(s);
}

int
slow_go_on(void)
{
	uint64_t	 now = now_us();

	while (first != NULL && first->due_us <= now)
		end_first();
	if (first == NULL)
		return -1;
	return (int)((first->due_us - now) / 1000) + 1;
}
