/*
 * Structures that travel: one list of fields gives the C structure, its
 * encoder, its decoder and its greatest encoded length, so that the four
 * cannot disagree.  A list is a macro of one argument,
 *
 *	#define FIELDS_letter(F)				\
 *		F(U16,  pages)					\
 *		F(STR,  subject, SUBJECT_MAX)			\
 *		F(LIST, copies, copy, COPIES_MAX)
 *	FIELDS_DECLARE(letter)		in a header
 *	FIELDS_DEFINE(letter)		in one .c file
 *
 * which makes struct letter, letter_MAXLEN, letter_put and letter_get.
 *
 *	U8 U16 U32 U64 (name)	an unsigned number
 *	BOOL (name)		0 or 1, anything else is malformed
 *	ENUM (name, type, n)	enum type, below n
 *	STR (name, max)		octets, at most max
 *	ID (name)		a struct msgid
 *	ADDR (name)		a struct netaddr
 *	STRUCT (name, type)	another such structure
 *	LIST (name, type, max)	const struct type *name and size_t n_name
 *
 * put borrows everything; on failure the buffer is marked failed.  get
 * borrows strings from the input, takes lists from the arena and gives 0, or
 * -1 when the input is malformed or memory ran out; it leaves what follows
 * the structure in the reader (end with wire_done).
 */
#ifndef FIELDS_H
#define FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "msgid.h"
#include "netaddr.h"
#include "str.h"
#include "wire.h"

#define NETADDR_WIRE	19	/* family, 16 octets, port */

#define FIELD_STRUCT(kind, ...)			FIELD_STRUCT_##kind(__VA_ARGS__)
#define FIELD_STRUCT_U8(name)			uint8_t name;
#define FIELD_STRUCT_U16(name)			uint16_t name;
#define FIELD_STRUCT_U32(name)			uint32_t name;
#define FIELD_STRUCT_U64(name)			uint64_t name;
#define FIELD_STRUCT_BOOL(name)			bool name;
#define FIELD_STRUCT_ENUM(name, type, n)	enum type name;
#define FIELD_STRUCT_STR(name, max)		struct str name;
#define FIELD_STRUCT_ID(name)			struct msgid name;
#define FIELD_STRUCT_ADDR(name)			struct netaddr name;
#define FIELD_STRUCT_STRUCT(name, type)		struct type name;
#define FIELD_STRUCT_LIST(name, type, max)	const struct type *name; \
						size_t n_##name;

#define FIELD_MAX(kind, ...)			+ FIELD_MAX_##kind(__VA_ARGS__)
#define FIELD_MAX_U8(name)			1
#define FIELD_MAX_U16(name)			2
#define FIELD_MAX_U32(name)			4
#define FIELD_MAX_U64(name)			8
#define FIELD_MAX_BOOL(name)			1
#define FIELD_MAX_ENUM(name, type, n)		1
#define FIELD_MAX_STR(name, max)		4 + (max)
#define FIELD_MAX_ID(name)			MSGID_LEN
#define FIELD_MAX_ADDR(name)			NETADDR_WIRE
#define FIELD_MAX_STRUCT(name, type)		type##_MAXLEN
#define FIELD_MAX_LIST(name, type, max)		4 + (max) * type##_MAXLEN

#define FIELD_PUT(kind, ...)			FIELD_PUT_##kind(__VA_ARGS__)
#define FIELD_PUT_U8(name)			wire_put_u8(b, x->name);
#define FIELD_PUT_U16(name)			wire_put_u16(b, x->name);
#define FIELD_PUT_U32(name)			wire_put_u32(b, x->name);
#define FIELD_PUT_U64(name)			wire_put_u64(b, x->name);
#define FIELD_PUT_BOOL(name)			wire_put_u8(b, x->name);
#define FIELD_PUT_ENUM(name, type, n)	wire_put_u8(b, (uint8_t)x->name);
#define FIELD_PUT_STR(name, max)	fields_put_str(b, x->name, (max));
#define FIELD_PUT_ID(name)		buf_put(b, x->name.b, MSGID_LEN);
#define FIELD_PUT_ADDR(name)			fields_put_addr(b, &x->name);
#define FIELD_PUT_STRUCT(name, type)		type##_put(b, &x->name);
#define FIELD_PUT_LIST(name, type, max)					\
	if (x->n_##name > (max))					\
		b->failed = true;					\
	wire_put_u32(b, (uint32_t)x->n_##name);				\
	for (size_t i = 0; i < x->n_##name && !b->failed; i++)		\
		type##_put(b, &x->name[i]);

#define FIELD_GET(kind, ...)			FIELD_GET_##kind(__VA_ARGS__)
#define FIELD_GET_U8(name)			x->name = wire_u8(w);
#define FIELD_GET_U16(name)			x->name = wire_u16(w);
#define FIELD_GET_U32(name)			x->name = wire_u32(w);
#define FIELD_GET_U64(name)			x->name = wire_u64(w);
#define FIELD_GET_BOOL(name)		x->name = fields_get_below(w, 2);
#define FIELD_GET_ENUM(name, type, n)		\
	x->name = (enum type)fields_get_below(w, (n));
#define FIELD_GET_STR(name, max)		x->name = wire_str(w, (max));
#define FIELD_GET_ID(name)			fields_get_id(w, &x->name);
#define FIELD_GET_ADDR(name)			fields_get_addr(w, &x->name);
#define FIELD_GET_STRUCT(name, type)		\
	if (type##_get(w, a, &x->name) == -1)	\
		return -1;
/* an element takes at least an octet, so the count cannot ask for much */
#define FIELD_GET_LIST(name, type, max) {				\
		struct type	*list;					\
									\
		x->n_##name = fields_get_count(w, (max));		\
		list = arena_calloc(a, x->n_##name, sizeof(*list));	\
		if (list == NULL)					\
			return -1;					\
		for (size_t i = 0; i < x->n_##name; i++)		\
			if (type##_get(w, a, &list[i]) == -1)		\
				return -1;				\
		x->name = list;						\
	}

#define FIELDS_DECLARE(type)						\
	struct type { FIELDS_##type(FIELD_STRUCT) };			\
	enum { type##_MAXLEN = 0 FIELDS_##type(FIELD_MAX) };		\
	void	 type##_put(struct buf *, const struct type *);		\
	int	 type##_get(struct wire *, struct arena *, struct type *);

#define FIELDS_DEFINE(type)						\
	void								\
	type##_put(struct buf *b, const struct type *x)			\
	{								\
		(void)b, (void)x;					\
		FIELDS_##type(FIELD_PUT)				\
	}								\
									\
	int								\
	type##_get(struct wire *w, struct arena *a, struct type *x)	\
	{								\
		(void)a, (void)x;					\
		FIELDS_##type(FIELD_GET)				\
		return w->bad ? -1 : 0;					\
	}

/* What the macros call. */
void	 fields_put_str(struct buf *, struct str, size_t max);
void	 fields_put_addr(struct buf *, const struct netaddr *);
uint8_t	 fields_get_below(struct wire *, unsigned n);
size_t	 fields_get_count(struct wire *, size_t max);
void	 fields_get_id(struct wire *, struct msgid *);
void	 fields_get_addr(struct wire *, struct netaddr *);

#endif
