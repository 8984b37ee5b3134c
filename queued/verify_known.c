/*
 * A chained hash table of fixed size, and a list in the order of use.
 */
#include "verify_known.h"

#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "messages.h"

#define BUCKETS		8192	/* chains of two or three when it is full */

struct known {
	LIST_ENTRY(known)	 bucket;
	TAILQ_ENTRY(known)	 used;
	uint64_t		 key;
	uint64_t		 until_ms;
	uint8_t			 result;	/* enum verify_result */
	uint8_t			 n_status, n_text;
	uint16_t		 code;
	char			 status[STATUS_CODE_MAX];
	char			 text[];
};

_Static_assert(VERIFY_TEXT_MAX <= UINT8_MAX, "the length of a text");

static LIST_HEAD(, known)	 buckets[BUCKETS];
static TAILQ_HEAD(, known)	 all = TAILQ_HEAD_INITIALIZER(all);
static unsigned			 n_known;

static struct known *
find(uint64_t key)
{
	struct known	*k;

	LIST_FOREACH(k, &buckets[key % BUCKETS], bucket)
		if (k->key == key)
			return k;
	return NULL;
}

static void
forget(struct known *k)
{
	LIST_REMOVE(k, bucket);
	TAILQ_REMOVE(&all, k, used);
	n_known--;
	free(k);
}

int
verify_known_find(uint64_t key, enum verify_result *result,
    struct verify_words *words)
{
	struct known	*k = find(key);

	if (k == NULL || k->until_ms <= clock_ms())
		return -1;
	TAILQ_REMOVE(&all, k, used);
	TAILQ_INSERT_TAIL(&all, k, used);
	*result = (enum verify_result)k->result;
	*words = (struct verify_words){ k->code,
	    str_bytes(k->status, k->n_status), str_bytes(k->text, k->n_text) };
	return 0;
}

/* A yes has no words that anybody would hear. */
static struct known *
known_new(enum verify_result result, const struct verify_words *w)
{
	size_t		 n_text = result == VERIFY_YES ? 0 : w->text.n;
	size_t		 n_status = result == VERIFY_YES ? 0 : w->status.n;
	struct known	*k;

	if (n_text > VERIFY_TEXT_MAX)
		n_text = VERIFY_TEXT_MAX;
	if (n_status > STATUS_CODE_MAX)
		n_status = STATUS_CODE_MAX;
	if ((k = malloc(sizeof(*k) + n_text)) == NULL)
		return NULL;
	k->result = (uint8_t)result;
	k->code = (uint16_t)w->code;
	k->n_status = (uint8_t)n_status;
	k->n_text = (uint8_t)n_text;
	if (n_status != 0)
		memcpy(k->status, w->status.p, n_status);
	if (n_text != 0)
		memcpy(k->text, w->text.p, n_text);
	return k;
}

void
verify_known_add(uint64_t key, enum verify_result result,
    const struct verify_words *words, uint32_t keep_s)
{
	struct known	*k = known_new(result, words), *before = find(key);

	if (before != NULL)
		forget(before);
	if (k == NULL)
		return;		/* no memory: it is asked again */
	if (n_known == VERIFY_KNOWN_MAX)
		forget(TAILQ_FIRST(&all));
	k->key = key;
	k->until_ms = clock_ms() + 1000ULL * keep_s;
	LIST_INSERT_HEAD(&buckets[key % BUCKETS], k, bucket);
	TAILQ_INSERT_TAIL(&all, k, used);
	n_known++;
}

unsigned
verify_known_count(void)
{
	return n_known;
}

void
verify_known_clear(void)
{
	while (!TAILQ_EMPTY(&all))
		forget(TAILQ_FIRST(&all));
}
