/*
 * `route PATTERN { ... }`: how mail for the domains that fit goes on.
 */
#include "conf_kinds.h"

#include "nexthop.h"

#include "conf_fill.h"
#include "conf_host.h"
#include "conf_print.h"
#include "conf_value.h"

#define RATE_MESSAGES_MAX	1000000
#define RATE_MS_MIN		1000
#define RATE_MS_MAX		86400000

static const struct str	 smtps = STR("smtps://");

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

/* Without a word about TLS it is tried, or is what via says. */
static void
fill_tls(struct route_conf *r)
{
	if (r->tls == TLS_LEVEL_N || (r->via_tls && r->tls == TLS_LEVEL_MAY))
		r->tls = r->via_tls ? TLS_LEVEL_ENCRYPT : TLS_LEVEL_MAY;
}

static void
check_tls(struct build *b, const struct statement *st,
    const struct route_conf *r)
{
	if (r->via_tls && r->tls == TLS_LEVEL_NONE)
		WRONG(b, st, "smtps:// speaks TLS from the first octet: tls "
		    "none cannot be");
	if (r->tls_name.n != 0 && r->tls != TLS_LEVEL_VERIFY)
		WRONG(b, st, "tls-name is compared with tls verify alone");
	if (r->credential == CREDENTIAL_NONE)
		return;
	if (r->via_host.n == 0)
		WRONG(b, st, "credentials want via: to which server may they "
		    "be given?");
	if (r->tls != TLS_LEVEL_VERIFY)
		WRONG(b, st, "credentials want tls verify: they are given "
		    "only to a server whose certificate is good for its "
		    "name");
}

static void
route_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct route_conf	 r = { .origin = st->origin,
	    .tls = TLS_LEVEL_N, .credential = CREDENTIAL_NONE }, *to;
	unsigned		 errors = b->report->errors;

	(void)base;
	if (!build_wants(b, st, 1, 1, true) ||
	    parse_pattern(b, st, &r.pattern) == -1)
		return;
	build_defaults(b, IN_ROUTE, &r);
	build_block(b, IN_ROUTE, d->name, &st->origin, st->children, &r);
	fill_tls(&r);
	if (errors == b->report->errors)
		check_tls(b, st, &r);
	to = BUILD_ADD(b, &st->origin, &b->conf, routes, ROUTES_MAX);
	if (to != NULL)
		*to = r;
}

struct route_conf *
route_default(struct build *b, struct str pattern)
{
	const struct origin	 at = { STR("default"), 0 };
	struct route_conf	 r = { .origin = at, .pattern = pattern,
	    .tls = TLS_LEVEL_MAY, .credential = CREDENTIAL_NONE };
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

/* ---- via [smtp[s]://]HOST[:PORT]; -------------------------------------- */

static void
via_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct route_conf	*r = base;
	struct nexthop		 hop;

	(void)d;
	if (!build_wants(b, st, 1, 1, false))
		return;
	if (nexthop_via(&hop, st->words[1]) == -1) {
		WRONG(b, st, "%s is not [smtp[s]://]HOST[:PORT], HOST a name "
		    "or an address in [ ]", log_text(st->words[1]));
		return;
	}
	r->via_tls = hop.tls;
	r->via_port = hop.port;
	r->via_host = build_copy(b, hop.host);
}

static void
via_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct route_conf	*r = base;
	struct buf		 text = BUF_INIT(DOMAIN_MAX + 16);

	if (r->via_host.n == 0)
		return;
	if (r->via_tls)
		buf_put_str(&text, smtps);
	host_print(&text, r->via_host, r->via_port);
	print_name(p, d->name);
	print_word(p, buf_str(&text));
	print_end(p);
	buf_clear(&text);
}

/* ---- rate MESSAGES/TIME; ----------------------------------------------- */

/* 30s, or s for 1s; -1 when it is neither, or not from 1 s to 1 d */
static int
parse_time(struct str word, uint32_t *ms)
{
	struct buf	 text = BUF_INIT(UNITS_TEXT_MAX);
	uint64_t	 n = 0;
	int		 error;

	if (word.n != 0 && (word.p[0] < '0' || word.p[0] > '9'))
		buf_putc(&text, '1');
	buf_put_str(&text, word);
	error = text.failed ? -1 : units_parse(units_ms, buf_str(&text), &n);
	buf_clear(&text);
	if (error == -1 || n < RATE_MS_MIN || n > RATE_MS_MAX)
		return -1;
	*ms = (uint32_t)n;
	return 0;
}

static void
rate_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct route_conf	*r = base;
	struct str		 word;
	const char		*slash;
	uint64_t		 n;
	size_t			 at;

	(void)d;
	if (!build_wants(b, st, 1, 1, false))
		return;
	word = st->words[1];
	slash = memchr(word.p, '/', word.n);
	at = slash != NULL ? (size_t)(slash - word.p) : 0;
	if (at == 0 || units_parse(units_count, str_bytes(word.p, at),
	    &n) == -1 || n == 0 || n > RATE_MESSAGES_MAX ||
	    parse_time(str_skip(word, at + 1), &r->rate_ms) == -1) {
		WRONG(b, st, "%s is not MESSAGES/TIME, as 100/m or 5/10s: up "
		    "to %d in 1s to 1d", log_text(word), RATE_MESSAGES_MAX);
		return;
	}
	r->rate_messages = (uint32_t)n;
}

static void
rate_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct route_conf	*r = base;
	char			 time[UNITS_TEXT_MAX];
	struct buf		 text = BUF_INIT(2 * UNITS_TEXT_MAX);

	if (r->rate_messages == 0)
		return;
	units_print(units_ms, r->rate_ms, time);
	/* "m" rather than "1m" */
	buf_printf(&text, "%u/%s", r->rate_messages, time[0] == '1' &&
	    (time[1] < '0' || time[1] > '9') ? time + 1 : time);
	print_name(p, d->name);
	print_word(p, buf_str(&text));
	print_end(p);
	buf_clear(&text);
}

const struct kind kind_route = { route_set, route_print };
const struct kind kind_via = { via_set, via_print };
const struct kind kind_rate = { rate_set, rate_print };
