/*
 * Octets with a hard maximum.  Owns its memory; knows nothing of what is in
 * it.  Consuming from the front moves an offset, and the octets themselves
 * only when room is needed, so that a queue costs no quadratic copying.
 */
#include "buf.h"

#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST	256	/* most replies and lines fit */

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf)BUF_INIT(max);
}

static void
wipe(const struct buf *b, size_t at, size_t n)
{
	if (b->secret && b->base != NULL)
		explicit_bzero(b->base + at, n);
}

void
buf_clear(struct buf *b)
{
	bool	 secret = b->secret;

	wipe(b, 0, b->size);
	free(b->base);
	buf_init(b, b->max);
	b->secret = secret;
}

void
buf_reset(struct buf *b)
{
	wipe(b, b->off, b->len);
	b->off = b->len = 0;
	b->failed = false;
}

char *
buf_room(struct buf *b, size_t n)
{
	size_t	 size;
	char	*p;

	if (b->failed || n > b->max || b->len > b->max - n) {
		b->failed = true;
		return NULL;
	}
	if (b->base != NULL && n <= b->size - b->off - b->len)
		return b->base + b->off + b->len;
	if (b->base != NULL && n <= b->size - b->len && b->off >= b->len) {
		memcpy(b->base, b->base + b->off, b->len);
		wipe(b, b->off, b->len);
		b->off = 0;
		return b->base + b->len;
	}
	size = b->size != 0 ? b->size : BUF_FIRST;
	while (size - b->len < n)
		size = size > b->max / 2 ? b->len + n : size * 2;
	if ((p = malloc(size)) == NULL) {
		b->failed = true;
		return NULL;
	}
	if (b->len != 0)
		memcpy(p, b->base + b->off, b->len);
	wipe(b, 0, b->size);
	free(b->base);
	b->base = p;
	b->size = size;
	b->off = 0;
	return p + b->len;
}

void
buf_added(struct buf *b, size_t n)
{
	b->len += n;
}

int
buf_put(struct buf *b, const void *p, size_t n)
{
	char	*to;

	if ((to = buf_room(b, n)) == NULL)
		return -1;
	if (n != 0)
		memcpy(to, p, n);
	b->len += n;
	return 0;
}

int
buf_puts(struct buf *b, const char *s)
{
	return buf_put(b, s, strlen(s));
}

int
buf_put_str(struct buf *b, struct str s)
{
	return buf_put(b, s.p, s.n);
}

int
buf_putc(struct buf *b, int c)
{
	char	 ch = (char)c;

	return buf_put(b, &ch, 1);
}

int
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list	 again;
	char	*to;
	int	 n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	/* one more, as vsnprintf ends with a NUL that is not kept */
	if (n < 0 || (to = buf_room(b, (size_t)n + 1)) == NULL) {
		b->failed = true;
		return -1;
	}
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return 0;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list	 ap;
	int	 r;

	va_start(ap, fmt);
	r = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return r;
}

void
buf_consume(struct buf *b, size_t n)
{
	wipe(b, b->off, n);
	b->off += n;
	b->len -= n;
	if (b->len == 0)
		b->off = 0;
}

void
buf_truncate(struct buf *b, size_t len)
{
	if (len < b->len) {
		wipe(b, b->off + len, b->len - len);
		b->len = len;
	}
}
