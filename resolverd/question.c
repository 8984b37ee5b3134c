/*
 * Questions: how each kind is made, compared and hashed.
 */
#include "question.h"

#include <stdio.h>
#include <string.h>

#include "keyed.h"

int
question_of(struct question *q, enum dns_type type, struct str name)
{
	q->type = (uint16_t)type;
	return dname_parse(&q->name, name);
}

int
question_tlsa(struct question *q, struct str host, uint16_t port)
{
	char	 text[DNAME_TEXT_MAX + sizeof("_65535._tcp.")];
	int	 n;

	if (host.n == 0 || host.n >= DNAME_TEXT_MAX)
		return -1;
	n = snprintf(text, sizeof(text), "_%u._tcp.%.*s", port,
	    STR_FMT(host));
	return question_of(q, DNS_TLSA, str_bytes(text, (size_t)n));
}

static size_t
print_reverse6(const struct netaddr *a, char *text)
{
	static const char	 hex[] = "0123456789abcdef";
	size_t			 n = 0;

	for (size_t i = sizeof(a->bytes); i-- > 0;) {
		text[n++] = hex[a->bytes[i] & 0xf];
		text[n++] = '.';
		text[n++] = hex[a->bytes[i] >> 4];
		text[n++] = '.';
	}
	memcpy(text + n, "ip6.arpa", 8);
	return n + 8;
}

int
question_reverse(struct question *q, const struct netaddr *a)
{
	const uint8_t	*b = a->bytes;
	char		 text[DNAME_TEXT_MAX];
	size_t		 n;

	if (a->family == 4)
		n = (size_t)snprintf(text, sizeof(text),
		    "%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1], b[0]);
	else if (a->family == 6)
		n = print_reverse6(a, text);
	else
		return -1;
	return question_of(q, DNS_PTR, str_bytes(text, n));
}

bool
question_equal(const struct question *a, const struct question *b)
{
	return a->type == b->type && dname_equal(&a->name, &b->name);
}

uint64_t
question_hash(const struct question *q)
{
	return keyed_hash(q->name.b, q->name.n) + q->type;
}

const char *
question_type_name(uint16_t type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_AAAA:
		return "AAAA";
	case DNS_MX:
		return "MX";
	case DNS_PTR:
		return "PTR";
	case DNS_TXT:
		return "TXT";
	case DNS_TLSA:
		return "TLSA";
	default:
		return "?";
	}
}
