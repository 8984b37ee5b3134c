/*
 * The buckets of channels.
 */
#include "peer_rate.h"

#include <stdlib.h>

#include "xmalloc.h"

void
peer_rate_up(struct peer *p)
{
	p->data = xcalloc(1, sizeof(struct bucket));
}

void
peer_rate_down(struct peer *p)
{
	free(p->data);
	p->data = NULL;
}

bool
peer_rate_take(struct peer *p, const struct bucket_rate *rate, uint32_t n)
{
	return p->data == NULL || bucket_take(p->data, rate, n);
}
