/*
 * Encoding and decoding of the spool's headers and records, side by side.
 * The format is drawn in record.h.
 */
#include "record.h"

#include <sodium.h>

FIELDS_DEFINE(spool_rcpt)
FIELDS_DEFINE(void_range)
FIELDS_DEFINE(record_void)
FIELDS_DEFINE(record_content)
FIELDS_DEFINE(record_result)
FIELDS_DEFINE(record_mark)
FIELDS_DEFINE(record_route)

#define SEGMENT_MAGIC	"postern\n"
#define SEGMENT_SUM_AT	40
#define SEGMENT_AGAIN	2048
#define BATCH_MAGIC	0x68637462u	/* "btch" */

static const char *const type_names[RECORD_TYPE_N] = {
	[RECORD_NONE] = "none", [RECORD_MESSAGE] = "message",
	[RECORD_MOVED] = "moved", [RECORD_RESULT] = "result",
	[RECORD_HOLD] = "hold", [RECORD_RELEASE] = "release",
	[RECORD_WARNED] = "warned", [RECORD_CANCEL] = "cancel",
	[RECORD_GONE] = "gone", [RECORD_VOID] = "void",
	[RECORD_ROUTE] = "route",
};

const char *
record_type_name(enum record_type type)
{
	return type < RECORD_TYPE_N ? type_names[type] : "?";
}

uint64_t
spool_sum(const void *p, size_t n, const uint8_t key[SEGMENT_KEY])
{
	uint8_t	 out[crypto_shorthash_BYTES];

	_Static_assert(crypto_shorthash_KEYBYTES == SEGMENT_KEY, "the key");
	crypto_shorthash(out, p, n, key);
	return wire_get64(out);
}

/* --- segments --- */

static void
header_put(uint8_t *p, const struct segment_header *h)
{
	memcpy(p, SEGMENT_MAGIC, 8);
	wire_set32(p + 8, SPOOL_VERSION);
	wire_set32(p + 12, h->life);
	wire_set64(p + 16, h->number);
	memcpy(p + 24, h->key, SEGMENT_KEY);
	wire_set64(p + SEGMENT_SUM_AT, spool_sum(p, SEGMENT_SUM_AT, h->key));
}

void
segment_header_put(uint8_t block[SPOOL_BLOCK], const struct segment_header *h)
{
	memset(block, 0, SPOOL_BLOCK);
	header_put(block, h);
	header_put(block + SEGMENT_AGAIN, h);
}

static enum header_verdict
header_get(const uint8_t *p, struct segment_header *h)
{
	if (memcmp(p, SEGMENT_MAGIC, 8) != 0 ||
	    wire_get64(p + SEGMENT_SUM_AT) !=
	    spool_sum(p, SEGMENT_SUM_AT, p + 24))
		return HEADER_BAD;
	if (wire_get32(p + 8) != SPOOL_VERSION)
		return HEADER_VERSION;
	if (wire_get64(p + 16) > UINT32_MAX)
		return HEADER_BAD;
	h->life = wire_get32(p + 12);
	h->number = (uint32_t)wire_get64(p + 16);
	memcpy(h->key, p + 24, SEGMENT_KEY);
	return HEADER_OK;
}

enum header_verdict
segment_header_get(const uint8_t block[SPOOL_BLOCK], struct segment_header *h)
{
	enum header_verdict	 v = header_get(block, h);

	if (v == HEADER_BAD)
		v = header_get(block + SEGMENT_AGAIN, h);
	return v;
}

/* --- batches --- */

void
batch_header_put(uint8_t *p, const struct batch_header *h,
    const uint8_t key[SEGMENT_KEY])
{
	wire_set32(p + 8, BATCH_MAGIC);
	wire_set32(p + 12, h->n);
	wire_set32(p + 16, h->length);
	wire_set32(p + 20, h->offset);
	wire_set64(p + 24, h->first);
	wire_set64(p + 32, h->durable);
	wire_set64(p, spool_sum(p + 8, BATCH_HEADER - 8, key));
}

int
batch_header_get(const uint8_t *p, uint32_t offset,
    const uint8_t key[SEGMENT_KEY], struct batch_header *h)
{
	if (wire_get32(p + 8) != BATCH_MAGIC ||
	    wire_get32(p + 20) != offset ||
	    wire_get64(p) != spool_sum(p + 8, BATCH_HEADER - 8, key))
		return -1;
	*h = (struct batch_header){
		.n = wire_get32(p + 12),
		.length = wire_get32(p + 16),
		.offset = offset,
		.first = wire_get64(p + 24),
		.durable = wire_get64(p + 32),
	};
	return h->length >= BATCH_HEADER ? 0 : -1;
}

/* --- records --- */

size_t
record_begin(struct buf *b, enum record_type type, uint8_t flags,
    uint64_t sequence, uint64_t order)
{
	uint8_t	 h[RECORD_HEADER] = { 0 };
	size_t	 at = b->len;

	h[16] = (uint8_t)type;
	h[17] = flags;
	wire_set64(h + 24, sequence);
	wire_set64(h + 32, order);
	buf_put(b, h, sizeof(h));
	return at;
}

void
record_end(struct buf *b, size_t at, struct str header, struct str body)
{
	size_t	 meta = b->len - at - RECORD_HEADER;
	uint8_t	*h;

	buf_put_str(b, header);
	buf_put_str(b, body);
	if (b->failed)
		return;
	h = (uint8_t *)buf_data(b) + at;
	wire_set32(h + 8, (uint32_t)meta);
	wire_set32(h + 12, (uint32_t)(header.n + body.n));
}

size_t
record_copy(struct buf *b, const struct record *r, enum record_type type,
    uint64_t sequence)
{
	size_t	 at = record_begin(b, type, r->flags, sequence, r->order);

	buf_put_str(b, r->meta);
	record_end(b, at, r->content, STR_NONE);
	return at;
}

void
record_seal(uint8_t *p, const uint8_t key[SEGMENT_KEY])
{
	size_t	 meta = wire_get32(p + 8), content = wire_get32(p + 12);

	wire_set64(p + 40, spool_sum(p + RECORD_HEADER + meta, content, key));
	wire_set64(p, spool_sum(p + 8, RECORD_HEADER - 8 + meta, key));
}

static bool
reserved_is_zero(const uint8_t *p)
{
	return p[18] == 0 && p[19] == 0 && wire_get32(p + 20) == 0;
}

int
record_get(const uint8_t *p, size_t n, struct record *r)
{
	size_t	 meta, content;

	if (n < RECORD_HEADER || p[16] == RECORD_NONE ||
	    p[16] >= RECORD_TYPE_N || !reserved_is_zero(p))
		return -1;
	meta = wire_get32(p + 8);
	content = wire_get32(p + 12);
	if (meta < MSGID_LEN || meta > RECORD_META_MAX ||
	    content > HEADER_MAX + BODY_SEGMENT_MAX)
		return -1;
	*r = (struct record){
		.type = (enum record_type)p[16],
		.flags = p[17],
		.sequence = wire_get64(p + 24),
		.order = wire_get64(p + 32),
		.sum = wire_get64(p),
		.content_sum = wire_get64(p + 40),
		.len = RECORD_HEADER + meta + content,
	};
	n -= RECORD_HEADER;
	r->meta = str_bytes(p + RECORD_HEADER, n < meta ? n : meta);
	n -= r->meta.n;
	r->content = str_bytes(r->meta.p + r->meta.n,
	    n < content ? n : content);
	return 0;
}

bool
record_is_true(const uint8_t *p, const struct record *r,
    const uint8_t key[SEGMENT_KEY])
{
	return r->meta.n == wire_get32(p + 8) &&
	    r->sum == spool_sum(p + 8, RECORD_HEADER - 8 + r->meta.n, key);
}

bool
record_content_is_true(const struct record *r, const uint8_t key[SEGMENT_KEY])
{
	return r->len == RECORD_HEADER + r->meta.n + r->content.n &&
	    r->content_sum == spool_sum(r->content.p, r->content.n, key);
}

bool
record_id(const struct record *r, struct msgid *id)
{
	if (r->meta.n < MSGID_LEN)
		return false;
	memcpy(id->b, r->meta.p, MSGID_LEN);
	return true;
}

int
record_message(const struct record *r, struct arena *a, struct envelope *e,
    struct record_content *c)
{
	struct wire	 w;
	bool		 large = (r->flags & RECORD_LARGE) != 0;

	wire_init(&w, r->meta.p, r->meta.n);
	if (envelope_get(&w, a, e) == -1 ||
	    record_content_get(&w, a, c) == -1 || wire_done(&w) == -1)
		return -1;
	if (c->sum.n != (large ? LARGE_SUM : 0) || c->header_len > HEADER_MAX ||
	    c->body_len > (large ? MESSAGE_SIZE_MAX : BODY_SEGMENT_MAX))
		return -1;
	/* content itself may be cut short; its length in the header is not */
	return r->len - RECORD_HEADER - r->meta.n ==
	    c->header_len + (large ? 0 : c->body_len) ? 0 : -1;
}

int
record_result(const struct record *r, struct arena *a,
    struct record_result *out)
{
	struct wire	 w;

	wire_init(&w, r->meta.p, r->meta.n);
	if (record_result_get(&w, a, out) == -1)
		return -1;
	return wire_done(&w);
}

int
record_void(const struct record *r, struct arena *a, struct record_void *out)
{
	struct wire	 w;

	wire_init(&w, r->meta.p, r->meta.n);
	if (record_void_get(&w, a, out) == -1)
		return -1;
	return wire_done(&w);
}

int
record_route(const struct record *r, struct arena *a,
    struct record_route *out)
{
	struct wire	 w;

	wire_init(&w, r->meta.p, r->meta.n);
	if (record_route_get(&w, a, out) == -1)
		return -1;
	return wire_done(&w);
}
