/*
 * `route PATTERN { ... }`: how mail for the domains that fit goes on.
 */
#include "conf_kinds.h"

#include "conf_fill.h"
#include "conf_host.h"
#include "conf_print.h"
#include "conf_value.h"

/* *, a domain, or .domain for all below it */
static int
parse_pattern(struct build *b, const struct statement *st,
    struct str *pattern)
{
	static const struct str	 all = STR("*");
	struct str		 word = st->words[1], name;
	char			 text[DOMAIN_MAX + 1];
	size_t			 dot;

	if (str_equal(word, all)) {
		*pattern = all;
		return 0;
	}
	dot = word.n != 0 && word.p[0] == '.';
	if (value_host(b, st, str_skip(word, dot), &name) == -1)
		return -1;
	if (dot == 0) {
		*pattern = name;
		return 0;
	}
	text[0] = '.';
	memcpy(text + 1, name.p, name.n);
	*pattern = build_copy(b, str_bytes(text, name.n + 1));
	return pattern->n <= DOMAIN_MAX ? 0 : -1;
}

static void
route_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct route_conf	 r = { .origin = st->origin }, *to;

	(void)base;
	if (!build_wants(b, st, 1, 1, true) ||
	    parse_pattern(b, st, &r.pattern) == -1)
		return;
	build_defaults(b, IN_ROUTE, &r);
	build_block(b, IN_ROUTE, d->name, &st->origin, st->children, &r);
	to = BUILD_ADD(b, &st->origin, &b->conf, routes, ROUTES_MAX);
	if (to != NULL)
		*to = r;
}

struct route_conf *
route_default(struct build *b, struct str pattern)
{
	const struct origin	 at = { STR("default"), 0 };
	struct route_conf	 r = { .origin = at, .pattern = pattern };
	struct route_conf	*to;

	build_defaults(b, IN_ROUTE, &r);
	to = BUILD_ADD(b, &at, &b->conf, routes, ROUTES_MAX);
	if (to != NULL)
		*to = r;
	return to;
}

static void
route_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct conf	*conf = &p->build->conf;

	(void)base;
	for (size_t i = 0; i < conf->n_routes; i++) {
		print_name(p, d->name);
		print_word(p, conf->routes[i].pattern);
		print_block(p, IN_ROUTE, &conf->routes[i]);
	}
}

/* ---- via [smtp://]HOST[:PORT]; ----------------------------------------- */

static void
via_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	static const struct str	 scheme = STR("smtp://");
	struct route_conf	*r = base;
	struct str		 word, host;

	(void)d;
	if (!build_wants(b, st, 1, 1, false))
		return;
	word = st->words[1];
	if (str_starts_nocase(word, scheme))
		word = str_skip(word, scheme.n);
	if (host_parse(b, word, &host, &r->via_port) == -1)
		WRONG(b, st, "%s is not [smtp://]HOST[:PORT], HOST a name or "
		    "an address in [ ]", log_text(st->words[1]));
	else
		r->via_host = host;
}

static void
via_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct route_conf	*r = base;
	struct buf		 text = BUF_INIT(DOMAIN_MAX + 8);

	if (r->via_host.n == 0)
		return;
	host_print(&text, r->via_host, r->via_port);
	print_name(p, d->name);
	print_word(p, buf_str(&text));
	print_end(p);
	buf_clear(&text);
}

const struct kind kind_route = { route_set, route_print };
const struct kind kind_via = { via_set, via_print };
