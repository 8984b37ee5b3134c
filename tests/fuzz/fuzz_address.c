/*
 * libFuzzer target for addresses, names, literals and xtext.  The first
 * octet gives the flags.  What parses must print to something that parses to
 * the same, and hold no octet that could end a line or a string.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "addr.h"
#include "domain.h"
#include "netaddr.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_octets(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		must((s.p[i] & 0x80) != 0 || (s.p[i] >= ' ' && s.p[i] <= '~'));
}

static void
check_addr(const struct addr *a)
{
	char			store[ADDR_STORE_MAX];
	struct buf		out = BUF_INIT(ADDR_TEXT_MAX);
	struct addr		again;
	enum addr_result	r;

	check_octets(a->local);
	check_octets(a->domain);
	must(addr_put(&out, a) == 0);
	r = addr_parse(buf_str(&out), ADDR_NULL | ADDR_BARE | ADDR_UTF8,
	    store, &again);
	/* quotes or a longer literal can take it over the limit */
	must(r == ADDR_OK || (r == ADDR_TOO_LONG &&
	    out.len > ADDR_PATH_MAX - 4));
	if (r == ADDR_OK)
		must(addr_equal(a, &again));
	buf_clear(&out);
}

static void
check_xtext(struct str s)
{
	struct buf	coded = BUF_INIT(1 << 20), plain = BUF_INIT(1 << 20);

	if (addr_xtext_decode(&plain, s) == 0) {
		addr_xtext_put(&coded, buf_str(&plain));
		must(coded.len <= s.n);
	}
	buf_reset(&coded);
	buf_reset(&plain);
	must(addr_xtext_put(&coded, s) == 0);
	must(addr_xtext_decode(&plain, buf_str(&coded)) == 0);
	must(str_equal(buf_str(&plain), s));
	buf_clear(&coded);
	buf_clear(&plain);
}

static void
check_names(struct str s)
{
	char		store[DOMAIN_MAX], text[NETADDR_TEXT_MAX];
	struct str	name;
	struct netaddr	a, b;
	struct netblock	block;

	must((domain_parse(s, 0, store, &name) == 0) == domain_is_valid(s));
	if (domain_is_valid(s))
		must(domain_helo_check(s) == HELO_NAME);
	if (domain_literal_parse(s, &a) == 0) {
		netaddr_print_literal(&a, text);
		must(domain_literal_parse(str_of(text), &b) == 0);
		must(netaddr_equal(&a, &b));
	}
	if (netblock_parse(&block, s) == 0) {
		must(netblock_match(&block, &block.addr));
		netblock_print(&block, text);
		must(netblock_parse(&block, str_of(text)) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char		store[ADDR_STORE_MAX];
	struct addr	a;
	struct str	s, rest;
	unsigned	flags;

	if (n == 0 || n > 4096)
		return 0;
	flags = data[0];
	s = rest = str_bytes(data + 1, n - 1);
	if (addr_parse_path(&rest, flags, store, &a) == ADDR_OK) {
		must(rest.n <= s.n && rest.p + rest.n == s.p + s.n);
		check_addr(&a);
	}
	if (addr_parse(s, flags, store, &a) == ADDR_OK)
		check_addr(&a);
	check_names(s);
	check_xtext(s);
	return 0;
}
