/*
 * Samples of every structure that travels, made from the same field lists
 * as its codec: deterministic contents, at their limits or small.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdlib.h>

#include "messages.h"

#define SAMPLE_LIST_MAX	3	/* elements; enough to see them kept apart */

/* A small generator, so that a failure can be repeated. */
struct sampler {
	uint64_t	 state;
	struct arena	 arena;
	size_t		 str_max;	/* cut strings to this */
};

static inline uint64_t
sample_number(struct sampler *s)
{
	s->state = s->state * 6364136223846793005ULL + 1442695040888963407ULL;
	return s->state >> 13;
}

static inline struct str
sample_str(struct sampler *s, size_t max)
{
	size_t	 n = sample_number(s) % ((max < s->str_max ? max :
	    s->str_max) + 1);
	char	*p = arena_calloc(&s->arena, 1, n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)sample_number(s);
	return str_bytes(p, n);
}

static inline void
sample_bytes(struct sampler *s, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)sample_number(s);
}

static inline void
sample_addr(struct sampler *s, struct netaddr *a)
{
	static const uint8_t	 families[] = { 0, 4, 6 };

	a->family = families[sample_number(s) % 3];
	sample_bytes(s, a->bytes, sizeof(a->bytes));
	a->port = (uint16_t)sample_number(s);
}

#define FILL(kind, ...)			FILL_##kind(__VA_ARGS__)
#define FILL_U8(name)			x->name = (uint8_t)sample_number(s);
#define FILL_U16(name)			x->name = (uint16_t)sample_number(s);
#define FILL_U32(name)			x->name = (uint32_t)sample_number(s);
#define FILL_U64(name)			x->name = sample_number(s);
#define FILL_BOOL(name)			x->name = sample_number(s) % 2;
#define FILL_ENUM(name, type, n)	\
	x->name = (enum type)(sample_number(s) % (n));
#define FILL_STR(name, max)		x->name = sample_str(s, (max));
#define FILL_ID(name)			sample_bytes(s, x->name.b, MSGID_LEN);
#define FILL_ADDR(name)			sample_addr(s, &x->name);
#define FILL_STRUCT(name, type)		sample_##type(s, &x->name);
#define FILL_LIST(name, type, max) {					\
		size_t		 n = sample_number(s) %			\
		    (((max) < SAMPLE_LIST_MAX ? (max) : SAMPLE_LIST_MAX) + 1); \
		struct type	*list = arena_calloc(&s->arena, n + 1,	\
		    sizeof(*list));					\
									\
		for (size_t i = 0; i < n; i++)				\
			sample_##type(s, &list[i]);			\
		x->name = list;						\
		x->n_##name = n;					\
	}

#define SAMPLE_FUNCTION(type)						\
	static inline void						\
	sample_##type(struct sampler *s, struct type *x)		\
	{								\
		(void)s, (void)x;					\
		FIELDS_##type(FILL)					\
	}

SAMPLE_FUNCTION(recipient)
SAMPLE_FUNCTION(envelope)
ELEMENTS(SAMPLE_FUNCTION)
PAYLOADS(SAMPLE_FUNCTION)

/* A payload of that message, encoded. */
#define SAMPLE_CASE(name, senders, receivers, fd, phases, kind, credit, type) \
	case MSG_##name: {						\
		struct type	 x;					\
									\
		sample_##type(s, &x);					\
		message_rule(message)->encode(b, &x);			\
		break;							\
	}

static inline void
sample_payload(struct sampler *s, enum message message, struct buf *b)
{
	switch (message) {
	MESSAGES(SAMPLE_CASE)
	case MSG_N:
		break;
	}
}

#endif
