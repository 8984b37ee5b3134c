/*
 * Bounded reading and writing of scalars and strings.  Octet by octet, so
 * neither alignment nor the machine's byte order matters.
 */
#include "wire.h"

void
wire_init(struct wire *w, const void *p, size_t n)
{
	w->p = p;
	w->end = n != 0 ? w->p + n : w->p;
	w->bad = false;
}

size_t
wire_left(const struct wire *w)
{
	return w->bad ? 0 : (size_t)(w->end - w->p);
}

const uint8_t *
wire_bytes(struct wire *w, size_t n)
{
	const uint8_t	*p = w->p;

	if (w->bad || n > (size_t)(w->end - w->p)) {
		w->bad = true;
		return NULL;
	}
	w->p += n;
	return p;
}

static uint64_t
get(const uint8_t *p, size_t n)
{
	uint64_t	 v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

static void
set(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++, v >>= 8)
		p[i] = (uint8_t)v;
}

static uint64_t
read_scalar(struct wire *w, size_t n)
{
	const uint8_t	*p = wire_bytes(w, n);

	return p != NULL ? get(p, n) : 0;
}

uint8_t
wire_u8(struct wire *w)
{
	return (uint8_t)read_scalar(w, 1);
}

uint16_t
wire_u16(struct wire *w)
{
	return (uint16_t)read_scalar(w, 2);
}

uint32_t
wire_u32(struct wire *w)
{
	return (uint32_t)read_scalar(w, 4);
}

uint64_t
wire_u64(struct wire *w)
{
	return read_scalar(w, 8);
}

struct str
wire_str(struct wire *w, size_t max)
{
	size_t		 n = wire_u32(w);
	const uint8_t	*p;

	if (n > max)
		w->bad = true;
	if ((p = wire_bytes(w, n)) == NULL)
		return STR_NONE;
	return str_bytes(p, n);
}

int
wire_done(const struct wire *w)
{
	return !w->bad && w->p == w->end ? 0 : -1;
}

static void
put_scalar(struct buf *b, uint64_t v, size_t n)
{
	uint8_t	 tmp[8];

	set(tmp, v, n);
	buf_put(b, tmp, n);
}

void
wire_put_u8(struct buf *b, uint8_t v)
{
	put_scalar(b, v, 1);
}

void
wire_put_u16(struct buf *b, uint16_t v)
{
	put_scalar(b, v, 2);
}

void
wire_put_u32(struct buf *b, uint32_t v)
{
	put_scalar(b, v, 4);
}

void
wire_put_u64(struct buf *b, uint64_t v)
{
	put_scalar(b, v, 8);
}

void
wire_put_str(struct buf *b, struct str s)
{
	if (s.n > UINT32_MAX) {
		b->failed = true;
		return;
	}
	wire_put_u32(b, (uint32_t)s.n);
	buf_put_str(b, s);
}

uint32_t
wire_get32(const void *p)
{
	return (uint32_t)get(p, 4);
}

uint64_t
wire_get64(const void *p)
{
	return get(p, 8);
}

void
wire_set32(void *p, uint32_t v)
{
	set(p, v, 4);
}

void
wire_set64(void *p, uint64_t v)
{
	set(p, v, 8);
}
