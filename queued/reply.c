/*
 * Reply texts by number, with a count of their users, hashed for the next
 * message that gets the same answer.
 */
#include "reply.h"

#include <stdlib.h>

#include "bounds.h"
#include "keyed.h"

#define BUCKETS		1024

struct reply {
	char		*text;
	uint32_t	 users;		/* 0: free */
	uint16_t	 len;
	uint16_t	 next;		/* in its bucket, or of the free ones */
};

static struct reply	*replies;	/* REPLIES_MAX; 0 is not used */
static uint16_t		 buckets[BUCKETS];
static uint16_t		 first_free;

static uint16_t *
bucket(struct str text)
{
	return &buckets[keyed_hash(text.p, text.n) % BUCKETS];
}

static int
start(void)
{
	replies = calloc(REPLIES_MAX, sizeof(*replies));
	if (replies == NULL)
		return -1;
	for (uint16_t i = 1; i < REPLIES_MAX; i++)
		replies[i].next = (uint16_t)((i + 1) % REPLIES_MAX);
	first_free = 1;
	return 0;
}

static uint16_t
reply_new(struct str text, uint16_t *head)
{
	uint16_t	 i = first_free;
	char		*copy;

	if (i == 0 || (copy = malloc(text.n)) == NULL)
		return REPLY_NONE;
	memcpy(copy, text.p, text.n);
	first_free = replies[i].next;
	replies[i] = (struct reply){ copy, 1, (uint16_t)text.n, *head };
	*head = i;
	return i;
}

uint16_t
reply_hold(struct str text)
{
	uint16_t	*head, i;

	if (replies == NULL && start() == -1)
		return REPLY_NONE;
	if (text.n == 0)
		return REPLY_NONE;
	if (text.n > REPLY_TEXT_MAX)
		text.n = REPLY_TEXT_MAX;
	head = bucket(text);
	for (i = *head; i != 0; i = replies[i].next)
		if (str_equal(reply_text(i), text)) {
			replies[i].users++;
			return i;
		}
	return reply_new(text, head);
}

void
reply_drop(uint16_t i)
{
	uint16_t	*at;

	if (i == REPLY_NONE || --replies[i].users != 0)
		return;
	for (at = bucket(reply_text(i)); *at != i; at = &replies[*at].next)
		continue;
	*at = replies[i].next;
	free(replies[i].text);
	replies[i] = (struct reply){ NULL, 0, 0, first_free };
	first_free = i;
}

struct str
reply_text(uint16_t i)
{
	if (i == REPLY_NONE)
		return STR_NONE;
	return str_bytes(replies[i].text, replies[i].len);
}
