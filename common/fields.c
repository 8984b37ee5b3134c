/*
 * The kinds of field that need more than a line; see fields.h.
 */
#include "fields.h"

void
fields_put_str(struct buf *b, struct str s, size_t max)
{
	if (s.n > max)
		b->failed = true;
	wire_put_str(b, s);
}

void
fields_put_addr(struct buf *b, const struct netaddr *addr)
{
	wire_put_u8(b, addr->family);
	buf_put(b, addr->bytes, sizeof(addr->bytes));
	wire_put_u16(b, addr->port);
}

uint8_t
fields_get_below(struct wire *w, unsigned n)
{
	uint8_t	 v = wire_u8(w);

	if (v >= n) {
		w->bad = true;
		return 0;
	}
	return v;
}

size_t
fields_get_count(struct wire *w, size_t max)
{
	size_t	 n = wire_u32(w);

	if (n > max || n > wire_left(w)) {
		w->bad = true;
		return 0;
	}
	return n;
}

void
fields_get_id(struct wire *w, struct msgid *id)
{
	const uint8_t	*p = wire_bytes(w, MSGID_LEN);

	if (p != NULL)
		memcpy(id->b, p, MSGID_LEN);
}

void
fields_get_addr(struct wire *w, struct netaddr *addr)
{
	struct netaddr	 plain;
	const uint8_t	*p;

	addr->family = wire_u8(w);
	if (addr->family != 0 && addr->family != 4 && addr->family != 6)
		w->bad = true;
	if ((p = wire_bytes(w, sizeof(addr->bytes))) != NULL)
		memcpy(addr->bytes, p, sizeof(addr->bytes));
	addr->port = wire_u16(w);
	/* a mapped address would not be known for the IPv4 one that it is */
	netaddr_from_bytes(&plain, addr->family, addr->bytes);
	if (addr->family == 6 && plain.family != 6)
		w->bad = true;
}
