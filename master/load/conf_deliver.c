/*
 * `deliver maildir PATH as USER;` and `deliver lmtp SERVICE;`: where the
 * mail of a domain ends.  Rules that are the same are one, so that a
 * thousand domains share the postern-local of their user.
 */
#include "conf_kinds.h"

#include <stdio.h>

#include "conf_host.h"
#include "conf_print.h"
#include "conf_value.h"
#include "domain.h"

static const struct str	 word_as = STR("as");
static const struct str	 word_lmtp = STR("lmtp");
static const struct str	 word_maildir = STR("maildir");
static const struct str	 word_recipient = STR("recipient");
static const struct str	 home = STR("%{home}");
static const struct str	 unix_prefix = STR("unix:");

/* Whether s has needle in it. */
static bool
has(struct str s, struct str needle)
{
	return s.n != 0 && memmem(s.p, s.n, needle.p, needle.n) != NULL;
}

/* ---- maildir ----------------------------------------------------------- */

/* Only those placeholders that postern-local knows. */
static int
check_placeholders(struct build *b, const struct statement *st,
    struct str path)
{
	static const struct str	 known[] = { STR("%{user}"),
	    STR("%{domain}"), STR("%{home}") };
	size_t			 k;

	for (size_t i = 0; i < path.n; i++) {
		struct str	 rest = str_skip(path, i);

		if (path.p[i] != '%')
			continue;
		for (k = 0; k < 3; k++)
			if (rest.n >= known[k].n && memcmp(rest.p, known[k].p,
			    known[k].n) == 0)
				break;
		if (k == 3) {
			WRONG(b, st, "%s: behind a %% may stand {user}, "
			    "{domain} and {home}", log_text(path));
			return -1;
		}
	}
	return 0;
}

static int
check_path(struct build *b, const struct statement *st,
    const struct delivery_conf *d)
{
	struct str	 path = d->path;

	if (check_placeholders(b, st, path) == -1)
		return -1;
	if (has(path, home) && !d->as_recipient) {
		WRONG(b, st, "%%{home} is known only as recipient");
		return -1;
	}
	/* what is put in for it begins with a / */
	if (d->as_recipient && path.n > home.n &&
	    memcmp(path.p, home.p, home.n) == 0)
		path = str_skip(path, home.n);
	if (value_path(b, st, path) == -1)
		return -1;
	if (d->path.n <= FILE_NAME_MAX)
		return 0;
	WRONG(b, st, "longer than %d octets", FILE_NAME_MAX);
	return -1;
}

/* "5000:5000"; -1 when it is not two numbers. */
static int
parse_uid_gid(struct str word, struct delivery_conf *d)
{
	const char	*colon = memchr(word.p, ':', word.n);
	struct str	 uid = word;

	if (colon == NULL)
		return -1;
	uid.n = (size_t)(colon - word.p);
	if (account_number(uid, &d->uid) == -1)
		return -1;
	return account_number(str_skip(word, uid.n + 1), &d->gid);
}

static int
parse_user(struct build *b, const struct statement *st, struct str word,
    struct delivery_conf *d)
{
	const struct account	*user;
	const char		*why;

	if (str_equal(word, word_recipient)) {
		d->as_recipient = true;
		return 0;
	}
	if (word.n == 0 || parse_uid_gid(word, d) == -1) {
		user = accounts_user(&b->accounts, word, &st->origin);
		if (user == NULL) {
			WRONG(b, st, "no user %s in %s (UID:GID is possible)",
			    log_text(word), PASSWD_FILE);
			return -1;
		}
		d->uid = user->uid;
		d->gid = user->gid;
	}
	if ((why = account_refusal(&b->conf, d->uid)) == NULL)
		return 0;
	WRONG(b, st, "not as %s: %s", log_text(word), why);
	return -1;
}

static uint16_t
delivery_index(struct build *b, const struct delivery_conf *d)
{
	const struct conf	*c = &b->conf;
	struct delivery_conf	*to;

	for (size_t i = 0; i < c->n_deliveries; i++)
		if (str_equal(c->deliveries[i].path, d->path) &&
		    c->deliveries[i].as_recipient == d->as_recipient &&
		    c->deliveries[i].uid == d->uid &&
		    c->deliveries[i].gid == d->gid)
			return (uint16_t)i;
	to = BUILD_ADD(b, &d->origin, &b->conf, deliveries, DELIVERIES_MAX);
	if (to == NULL)
		return DELIVERY_NONE;
	*to = *d;
	to->path = build_copy(b, d->path);
	return (uint16_t)(c->n_deliveries - 1);
}

static void
maildir_set(struct build *b, const struct statement *st,
    struct domain_conf *d)
{
	struct delivery_conf	 rule = { .origin = st->origin };

	d->transport = TRANSPORT_LOCAL;
	if (st->n_words != 5 || !str_equal(st->words[3], word_as)) {
		WRONG(b, st, "wants maildir PATH as USER (or UID:GID, or "
		    "recipient)");
		return;
	}
	rule.path = st->words[2];
	if (parse_user(b, st, st->words[4], &rule) == 0 &&
	    check_path(b, st, &rule) == 0)
		d->delivery = delivery_index(b, &rule);
}

static void
maildir_print(struct printer *p, const struct delivery_conf *d)
{
	char	 user[2 * UNITS_TEXT_MAX];

	print_string(p, "maildir");
	print_word(p, d->path);
	print_string(p, "as");
	snprintf(user, sizeof(user), "%u:%u", d->uid, d->gid);
	print_string(p, d->as_recipient ? "recipient" : user);
}

/* ---- lmtp -------------------------------------------------------------- */

/*
 * The index of the service of that name, new or not.  -1, reported, when the
 * name is too long or there are too many.
 */
static int
service_add(struct build *b, const struct statement *st,
    const struct service_conf *s, uint16_t *index)
{
	struct conf		*c = &b->conf;
	struct service_conf	*to;

	for (size_t i = 0; i < c->n_services; i++)
		if (str_equal(c->services[i].name, s->name)) {
			*index = (uint16_t)i;
			return 0;
		}
	if (s->name.n > DOMAIN_MAX) {
		WRONG(b, st, "%s is too long", log_text(s->name));
		return -1;
	}
	to = BUILD_ADD(b, &st->origin, c, services, SERVICES_MAX);
	if (to == NULL)
		return -1;
	*to = *s;
	to->origin = st->origin;
	to->name = build_copy(b, s->name);
	to->socket = build_copy(b, s->socket);
	to->host = build_copy(b, s->host);
	*index = (uint16_t)(c->n_services - 1);
	return 0;
}

/* unix:PATH, or a host with its port: LMTP has none of its own. */
static void
lmtp_set(struct build *b, const struct statement *st, struct domain_conf *d)
{
	struct buf		 text = BUF_INIT(DOMAIN_MAX + 8);
	struct service_conf	 s = { .port = 0 };
	struct str		 word;

	d->transport = TRANSPORT_LMTP;
	if (!build_wants(b, st, 2, 2, false))
		return;
	s.name = word = st->words[2];
	if (word.n > unix_prefix.n &&
	    memcmp(word.p, unix_prefix.p, unix_prefix.n) == 0) {
		s.socket = str_skip(word, unix_prefix.n);
		if (value_path(b, st, s.socket) == 0)
			service_add(b, st, &s, &d->service);
		return;
	}
	if (host_parse(b, word, &s.host, &s.port) == -1 || s.port == 0) {
		WRONG(b, st, "%s is not unix:PATH or HOST:PORT",
		    log_text(word));
		return;
	}
	host_print(&text, s.host, s.port);
	s.name = buf_str(&text);
	if (domain_literal_parse(s.host, &s.addr) == 0) {
		s.host = STR_NONE;
		s.addr.port = s.port;
		s.port = 0;
	}
	service_add(b, st, &s, &d->service);
	buf_clear(&text);
}

/* ---- deliver ----------------------------------------------------------- */

static void
deliver_set(struct build *b, const struct directive *row,
    const struct statement *st, void *base)
{
	struct domain_build	*d = base;

	(void)row;
	d->transports++;
	if (!build_wants(b, st, 2, 4, false))
		return;
	if (str_equal(st->words[1], word_maildir))
		maildir_set(b, st, &d->conf);
	else if (str_equal(st->words[1], word_lmtp))
		lmtp_set(b, st, &d->conf);
	else
		WRONG(b, st, "%s is not maildir or lmtp",
		    log_text(st->words[1]));
}

static void
deliver_print(struct printer *p, const struct directive *row,
    const void *base)
{
	const struct domain_build	*d = base;

	if (d->conf.transport == TRANSPORT_SMTP)
		return;
	print_name(p, row->name);
	if (d->conf.transport == TRANSPORT_LOCAL)
		maildir_print(p, &p->build->conf.deliveries[d->conf.delivery]);
	else {
		print_string(p, "lmtp");
		print_word(p, p->build->conf.services[d->conf.service].name);
	}
	print_end(p);
}

const struct kind kind_deliver = { deliver_set, deliver_print };
