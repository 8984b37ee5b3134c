/*
 * libFuzzer target for what the spool reads: a record with checksums made to
 * fit, so that its meta reaches the decoders of envelopes and results; and
 * what they give is encoded again and must decode to the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "load.h"
#include "record.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const uint8_t	 key[SEGMENT_KEY] = "a key of 16 byte";

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_message(const struct record *r)
{
	struct arena		 a = ARENA_INIT(ENVELOPE_MEMORY);
	struct buf		 b = BUF_INIT(RECORD_META_MAX);
	struct record_content	 c;
	struct envelope		 e;

	if (record_message(r, &a, &e, &c) == 0) {
		must(e.n_rcpts <= RCPTS_MAX && c.header_len <= HEADER_MAX);
		must(c.sum.n != 0 || r->content.n == c.header_len +
		    c.body_len);
		envelope_put(&b, &e);
		record_content_put(&b, &c);
		must(str_equal(buf_str(&b), r->meta));
	}
	arena_clear(&a);
	buf_clear(&b);
}

static void
check_result(const struct record *r)
{
	struct arena		 a = ARENA_INIT(ENVELOPE_MEMORY);
	struct buf		 b = BUF_INIT(RECORD_META_MAX);
	struct record_result	 result;

	if (record_result(r, &a, &result) == 0) {
		must(result.n_rcpts <= RCPTS_MAX);
		record_result_put(&b, &result);
		must(str_equal(buf_str(&b), r->meta));
	}
	arena_clear(&a);
	buf_clear(&b);
}

/* the octets as they are: a header of any kind */
static void
check_raw(const uint8_t *p, size_t n)
{
	struct batch_header	 h;
	struct record		 r;

	if (n >= BATCH_HEADER)
		batch_header_get(p, 4096, key, &h);
	if (record_get(p, n, &r) == -1)
		return;
	must(r.meta.n + r.content.n <= n);
	record_is_true(p, &r, key);
	record_content_is_true(&r, key);
	check_message(&r);
	check_result(&r);
}

/* the octets as meta and content, under a header that is true */
static void
check_sealed(enum record_type type, uint8_t flags, struct str meta,
    struct str content)
{
	struct buf	 b = BUF_INIT(RECORD_MAX);
	struct record	 r;
	uint8_t		*p;

	record_begin(&b, type, flags, 2, 1);
	buf_put_str(&b, meta);
	record_end(&b, 0, content, STR_NONE);
	p = (uint8_t *)buf_data(&b);
	record_seal(p, key);
	if (record_get(p, b.len, &r) == 0) {
		must(record_is_true(p, &r, key));
		must(record_content_is_true(&r, key));
		check_message(&r);
		check_result(&r);
	} else {
		must(meta.n < MSGID_LEN);
	}
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t	 cut;

	if (n < 4 || n > 65536)
		return 0;
	check_raw(data, n);
	cut = (size_t)(data[2] | data[3] << 8) % (n - 3);
	check_sealed((enum record_type)(1 + data[0] % (RECORD_TYPE_N - 1)),
	    data[1] & (RECORD_LARGE | RECORD_LAST),
	    str_bytes(data + 4, cut < n - 4 ? cut : n - 4),
	    str_skip(str_bytes(data + 4, n - 4), cut));
	return 0;
}
