/*
 * Sessions counted by client, in a keyed hash table, as those who connect
 * choose what is in it.
 */
#include "clients.h"

#include <sys/queue.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keyed.h"

#define BUCKETS		4096	/* of a few entries, at 10,000 sessions */

struct client_count {
	uint8_t			 key[CLIENT_KEY_LEN];
	unsigned		 n;
	LIST_ENTRY(client_count) link;
};

static LIST_HEAD(bucket, client_count)	 buckets[BUCKETS];

void
clients_key(const struct netaddr *a, uint8_t key[CLIENT_KEY_LEN])
{
	struct netblock	 who = netaddr_subscriber(a);

	key[0] = a->family;
	memcpy(key + 1, who.addr.bytes, CLIENT_KEY_LEN - 1);
}

static struct bucket *
bucket_of(const uint8_t key[CLIENT_KEY_LEN])
{
	return &buckets[keyed_hash(key, CLIENT_KEY_LEN) % BUCKETS];
}

static struct client_count *
find(struct bucket *b, const uint8_t key[CLIENT_KEY_LEN])
{
	struct client_count	*c;

	LIST_FOREACH(c, b, link)
		if (memcmp(c->key, key, CLIENT_KEY_LEN) == 0)
			return c;
	return NULL;
}

struct client_count *
clients_enter(const struct netaddr *a, unsigned max)
{
	struct client_count	*c;
	struct bucket		*b;
	uint8_t			 key[CLIENT_KEY_LEN];

	clients_key(a, key);
	b = bucket_of(key);
	if ((c = find(b, key)) == NULL) {
		if ((c = calloc(1, sizeof(*c))) == NULL)
			return NULL;
		memcpy(c->key, key, CLIENT_KEY_LEN);
		LIST_INSERT_HEAD(b, c, link);
	}
	if (max != 0 && c->n >= max)
		return NULL;	/* it has sessions, so it is not empty */
	c->n++;
	return c;
}

/* As of a family of its own, in which a user is an address. */
struct client_count *
clients_enter_uid(uint32_t uid, unsigned max)
{
	struct netaddr	 a = { .family = 0 };

	memcpy(a.bytes, &uid, sizeof(uid));
	return clients_enter(&a, max);
}

void
clients_leave(struct client_count **cp)
{
	struct client_count	*c = *cp;

	*cp = NULL;
	if (c == NULL || --c->n != 0)
		return;
	LIST_REMOVE(c, link);
	free(c);
}
