/*
 * The memory of answers: one block each, shared by count.  Where there is no
 * memory for one, a failure that is always there stands in for it.
 */
#include "answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

/* its own reference is never given back, so it is never freed */
static struct answer	 no_memory = {
	.refs = 1, .result = NAMES_FAILED, .dnssec = DNSSEC_FAILED,
	.size = sizeof(no_memory), .why = STR("out of memory"),
};

static struct answer *
new_block(enum names_result result, enum dnssec dnssec, uint32_t ttl_s,
    size_t size)
{
	struct answer	*a;

	if ((a = malloc(size)) == NULL)
		return NULL;
	*a = (struct answer){
		.refs = 1, .result = result, .dnssec = dnssec,
		.expires_ms = clock_ms() + ttl_s * 1000ULL, .size = size,
	};
	return a;
}

struct answer *
answer_none(enum names_result result, enum dnssec dnssec, uint32_t ttl_s,
    const char *why, ...)
{
	char		 text[ANSWER_WHY_MAX];
	struct answer	*a;
	va_list		 ap;
	size_t		 n = 0;

	if (why != NULL) {
		va_start(ap, why);
		vsnprintf(text, sizeof(text), why, ap);
		va_end(ap);
		n = strlen(text);
	}
	a = new_block(result, dnssec, ttl_s, sizeof(*a) + n);
	if (a == NULL)
		return answer_ref(&no_memory);
	if (n != 0)
		memcpy(a->records, text, n);
	a->why = str_bytes(a->records, n);
	return a;
}

struct answer *
answer_new(enum dnssec dnssec, uint32_t ttl_s, const struct record *list,
    size_t n)
{
	struct answer	*a;
	size_t		 size = sizeof(*a) + n * sizeof(*list);
	char		*data;

	for (size_t i = 0; i < n; i++)
		size += list[i].data.n;
	if ((a = new_block(NAMES_OK, dnssec, ttl_s, size)) == NULL)
		return answer_ref(&no_memory);
	a->n_records = n;
	data = (char *)(a->records + n);
	for (size_t i = 0; i < n; i++) {
		a->records[i] = list[i];
		a->records[i].data.p = data;
		if (list[i].data.n != 0)
			memcpy(data, list[i].data.p, list[i].data.n);
		data += list[i].data.n;
	}
	return a;
}

struct answer *
answer_ref(struct answer *a)
{
	a->refs++;
	return a;
}

void
answer_unref(struct answer **ap)
{
	struct answer	*a = *ap;

	*ap = NULL;
	if (a != NULL && --a->refs == 0)
		free(a);
}

uint32_t
answer_ttl_s(const struct answer *a)
{
	uint64_t	 now = clock_ms();

	return a->expires_ms > now ?
	    (uint32_t)((a->expires_ms - now) / 1000) : 0;
}
