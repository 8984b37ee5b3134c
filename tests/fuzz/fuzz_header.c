/*
 * libFuzzer target for header sections.  The first octet says where the
 * stream is cut in two.  Fields together are the block; what is written of
 * remote text is one field with proper lines.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "buf.h"
#include "header.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static size_t
check_end(struct str s, size_t cut)
{
	struct header_end	one = { 0 }, two = { 0 };
	size_t			n = header_end_find(&one, s), m;

	if (cut > s.n)
		cut = s.n;
	m = header_end_find(&two, str_bytes(s.p, cut));
	m += header_end_find(&two, str_skip(s, cut));
	must(n == m && one.found == two.found);
	return n;
}

static void
check_fields(struct str block)
{
	struct buf		text = BUF_INIT(1 << 20);
	struct header_field	f;
	struct str		rest = block;
	size_t			raw = 0;

	while (header_next(&rest, &f)) {
		must(f.raw.n != 0 && f.raw.p == block.p + raw);
		must(f.name.n + f.value.n <= f.raw.n);
		raw += f.raw.n;
		buf_reset(&text);
		must(header_unfold(&text, f.value) == 0);
		must(text.len == 0 ||
		    (memchr(buf_data(&text), '\n', text.len) == NULL &&
		    memchr(buf_data(&text), '\r', text.len) == NULL));
	}
	must(raw + rest.n == block.n);
	must(header_hops(block) == header_count(block, "rEcEiVeD"));
	header_check(block);
	buf_clear(&text);
}

static void
check_written(struct str s)
{
	struct buf		out = BUF_INIT(1 << 20);
	struct header_field	f;
	struct str		rest;

	must(header_put_safe(&out, s, 100) == 0 && out.len <= 100);
	buf_reset(&out);
	if (header_put_field(&out, "X-Text", s) == -1) {
		buf_clear(&out);
		return;		/* beyond HEADER_BLOCK_MAX */
	}
	rest = buf_str(&out);
	must(header_next(&rest, &f) && rest.n == 0);
	must(str_equal(f.name, str_of("X-Text")));
	for (size_t i = 0, line = 0; i < f.raw.n; i++) {
		must(f.raw.p[i] == '\r' || f.raw.p[i] == '\n' ||
		    (f.raw.p[i] >= ' ' && f.raw.p[i] <= '~'));
		line = f.raw.p[i] == '\n' ? 0 : line + 1;
		must(line <= HEADER_LINE_MAX + 1);
	}
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str	s;

	if (n == 0 || n > 65536)
		return 0;
	s = str_bytes(data + 1, n - 1);
	check_fields(str_bytes(s.p, check_end(s, data[0])));
	check_fields(s);
	check_written(s);
	return 0;
}
