/*
 * The gate's decoders: the first octet names a message, the rest is its
 * payload.  What decodes must encode to the same octets.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "messages.h"

#define ARENA_MAX	(8 << 20)

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena		 a = ARENA_INIT(ARENA_MAX);
	struct buf		 b = BUF_INIT(ARENA_MAX);
	const struct rule	*r;
	union payload		 u;
	struct wire		 w;

	if (n == 0)
		return 0;
	r = message_rule(data[0] % MSG_N);
	wire_init(&w, data + 1, n - 1);
	if (r->decode(&w, &a, &u) == 0) {
		r->encode(&b, &u);
		if (b.failed || b.len != n - 1 || (b.len != 0 &&
		    memcmp(buf_data(&b), data + 1, b.len) != 0))
			abort();
	}
	buf_clear(&b);
	arena_clear(&a);
	return 0;
}
