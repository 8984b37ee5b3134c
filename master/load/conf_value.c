/*
 * The kinds of argument that are one value: number, choice, name, mailbox,
 * path, text.
 */
#include "conf_value.h"

#include "addr.h"
#include "conf_kinds.h"
#include "conf_print.h"
#include "domain.h"

static void *
field(const struct directive *d, void *base)
{
	return (char *)base + d->offset;
}

static void
store(const struct directive *d, void *base, uint64_t v)
{
	void	*to = field(d, base);

	switch (d->size) {
	case 1:
		*(uint8_t *)to = (uint8_t)v;
		break;
	case 2:
		*(uint16_t *)to = (uint16_t)v;
		break;
	case 4:
		*(uint32_t *)to = (uint32_t)v;
		break;
	default:
		*(uint64_t *)to = v;
		break;
	}
}

static uint64_t
stored(const struct directive *d, const void *base)
{
	const void	*from = (const char *)base + d->offset;

	switch (d->size) {
	case 1:
		return *(const uint8_t *)from;
	case 2:
		return *(const uint16_t *)from;
	case 4:
		return *(const uint32_t *)from;
	default:
		return *(const uint64_t *)from;
	}
}

/* ---- numbers and choices ----------------------------------------------- */

static const char *
units_text(const struct unit *units)
{
	if (units == units_count)
		return "a number";
	if (units == units_octets)
		return "a size (64k, 50m, 1g)";
	return units == units_ms ? "a time (500ms, 30s, 5m, 1h)" :
	    "a time (30s, 5m, 4h, 5d)";
}

int
value_number(struct build *b, const struct statement *st, struct str word,
    const struct directive *d, uint64_t *v)
{
	char	 lo[UNITS_TEXT_MAX], hi[UNITS_TEXT_MAX];

	if (units_parse(d->units, word, v) == -1)
		WRONG(b, st, "%s is not %s", log_text(word),
		    units_text(d->units));
	else if (*v < d->min || *v > d->max)
		WRONG(b, st, "%s is not between %s and %s", log_text(word),
		    units_print(d->units, d->min, lo),
		    units_print(d->units, d->max, hi));
	else if (d->step != 0 && *v % d->step != 0)
		WRONG(b, st, "%s is not a multiple of %s", log_text(word),
		    units_print(d->units, d->step, lo));
	else
		return 0;
	return -1;
}

int
value_port(struct build *b, const struct statement *st, struct str word,
    uint16_t *port)
{
	static const struct directive	 row = { .units = units_count,
	    .min = 1, .max = 65535 };
	uint64_t			 v;

	if (value_number(b, st, word, &row, &v) == -1)
		return -1;
	*port = (uint16_t)v;
	return 0;
}

static void
number_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	uint64_t	 v;

	if (build_wants(b, st, 1, 1, false) &&
	    value_number(b, st, st->words[1], d, &v) == 0)
		store(d, base, v);
}

static void
number_print(struct printer *p, const struct directive *d, const void *base)
{
	uint64_t	 v = stored(d, base);
	char		 text[UNITS_TEXT_MAX];

	if (v < d->min)
		return;		/* not set, and no default */
	print_name(p, d->name);
	print_string(p, units_print(d->units, v, text));
	print_end(p);
}

static void
word_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct buf	 all = BUF_INIT(TEXT_MAX);

	if (!build_wants(b, st, 1, 1, false))
		return;
	for (size_t i = 0; d->words[i] != NULL; i++) {
		if (str_equal(st->words[1], str_of(d->words[i]))) {
			store(d, base, i);
			buf_clear(&all);
			return;
		}
		buf_printf(&all, "%s%s", i == 0 ? "" :
		    d->words[i + 1] != NULL ? ", " : " or ", d->words[i]);
	}
	WRONG(b, st, "%s is not %.*s", log_text(st->words[1]),
	    STR_FMT(buf_str(&all)));
	buf_clear(&all);
}

static void
word_print(struct printer *p, const struct directive *d, const void *base)
{
	print_name(p, d->name);
	print_string(p, d->words[stored(d, base)]);
	print_end(p);
}

/* ---- texts ------------------------------------------------------------- */

int
value_host(struct build *b, const struct statement *st, struct str word,
    struct str *host)
{
	char		 lower[DOMAIN_MAX];
	struct str	 name;

	if (domain_parse(word, 0, lower, &name) == -1) {
		WRONG(b, st, "%s is not a domain name", log_text(word));
		return -1;
	}
	*host = build_copy(b, name);
	return host->p != NULL ? 0 : -1;
}

int
value_name(struct build *b, const struct statement *st, struct str word,
    struct str *name)
{
	static const char	 allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	if (word.n == 0 || word.n > NAME_MAX_LEN) {
		WRONG(b, st, "a name has 1 to %d letters", NAME_MAX_LEN);
		return -1;
	}
	for (size_t i = 0; i < word.n; i++)
		if (memchr(allowed, word.p[i], sizeof(allowed) - 1) == NULL) {
			WRONG(b, st, "%s is not a name: letters, digits, - _ "
			    "and .", log_text(word));
			return -1;
		}
	*name = build_copy(b, word);
	return name->p != NULL ? 0 : -1;
}

/* Whether one of the components is "." or "..". */
static bool
has_dots(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		struct str	 c = str_skip(s, i + 1);
		const char	*slash;

		if (s.p[i] != '/')
			continue;
		if ((slash = memchr(c.p, '/', c.n)) != NULL)
			c.n = (size_t)(slash - c.p);
		if ((c.n == 1 || c.n == 2) && memcmp(c.p, "..", c.n) == 0)
			return true;
	}
	return false;
}

int
value_path(struct build *b, const struct statement *st, struct str word)
{
	if (word.n == 0 || word.p[0] != '/')
		WRONG(b, st, "%s does not begin with a /", log_text(word));
	else if (word.n > FILE_NAME_MAX)
		WRONG(b, st, "longer than %d octets", FILE_NAME_MAX);
	else if (has_dots(word))
		WRONG(b, st, "%s has \".\" or \"..\" in it", log_text(word));
	else
		return 0;
	return -1;
}

static void
host_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	if (build_wants(b, st, 1, 1, false))
		value_host(b, st, st->words[1], field(d, base));
}

static void
mailbox_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	char			 memory[ADDR_STORE_MAX];
	struct addr		 addr;
	struct buf		 text = BUF_INIT(ADDRESS_MAX);
	enum addr_result	 r;

	if (!build_wants(b, st, 1, 1, false))
		return;
	r = addr_parse(st->words[1], 0, memory, &addr);
	if (r != ADDR_OK)
		WRONG(b, st, "%s: %s", log_text(st->words[1]),
		    addr_result_text(r));
	else if (addr_put(&text, &addr) == -1)
		WRONG(b, st, "longer than %d octets", ADDRESS_MAX);
	else
		*(struct str *)field(d, base) = build_copy(b, buf_str(&text));
	buf_clear(&text);
}

static void
path_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct str	 path;

	if (!build_wants(b, st, 1, 1, false) ||
	    value_path(b, st, path = st->words[1]) == -1)
		return;
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	*(struct str *)field(d, base) = build_copy(b, path);
}

static void
text_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct str	 s;

	if (!build_wants(b, st, 1, 1, false))
		return;
	s = st->words[1];
	if (s.n > d->max) {
		WRONG(b, st, "longer than %u octets", (unsigned)d->max);
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~') {
			WRONG(b, st, "only printable ASCII may be in it");
			return;
		}
	*(struct str *)field(d, base) = build_copy(b, s);
}

static void
str_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct str	*s;

	s = (const struct str *)((const char *)base + d->offset);
	/* empty is what it is when it is not set, but for a text's default */
	if (s->n == 0 && d->fallback == NULL)
		return;
	print_name(p, d->name);
	print_word(p, *s);
	print_end(p);
}

const struct kind kind_number = { number_set, number_print };
const struct kind kind_word = { word_set, word_print };
const struct kind kind_host = { host_set, str_print };
const struct kind kind_mailbox = { mailbox_set, str_print };
const struct kind kind_path = { path_set, str_print };
const struct kind kind_text = { text_set, str_print };
