/*
 * Who may log in at a listener, and with what we log in at relays.  The
 * passwords themselves are in files that only keyd reads.
 */
#include "conf_auth.h"

#include "conf_kinds.h"
#include "conf_print.h"
#include "conf_value.h"

static const struct str	 word_none = STR("none");

/* ---- listen { auth TABLE|none; } --------------------------------------- */

static void
auth_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct listener_build	*l = base;

	(void)d;
	if (!build_wants(b, st, 1, 1, false) ||
	    str_equal(st->words[1], word_none))
		return;
	l->conf.auth_table = build_table(b, st->words[1], KEYD_AUTH);
	if (l->conf.auth_table == TABLE_NONE)
		WRONG(b, st, "no table %s (nor none)",
		    log_text(st->words[1]));
}

static void
auth_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct listener_build	*l = base;
	uint16_t			 t = l->conf.auth_table;

	print_name(p, d->name);
	print_word(p, t == TABLE_NONE ? word_none :
	    p->build->conf.tables[t].name);
	print_end(p);
}

void
listener_auth_fill(struct listener_build *l)
{
	l->conf.auth_required = l->conf.auth_table != TABLE_NONE &&
	    l->auth_required != ANSWER_NO;
}

void
listener_auth_check(struct build *b, const struct statement *st,
    const struct listener_build *l)
{
	const struct listener_conf	*c = &l->conf;
	bool				 has_auth = c->auth_table !=
					    TABLE_NONE;

	if (has_auth && c->service == SERVICE_MX)
		WRONG(b, st, "mx takes mail from other hosts, which have no "
		    "accounts here: auth belongs to submission or "
		    "submissions");
	if (has_auth && c->service == SERVICE_LOCAL)
		WRONG(b, st, "who can open the socket file is trusted; auth "
		    "has no meaning here");
	if (!has_auth && l->auth_required == ANSWER_YES)
		WRONG(b, st, "auth-required without auth: nobody could send "
		    "mail");
}

void
listener_auth_warn(struct build *b, const struct statement *st,
    const struct listener_build *l)
{
	const struct listener_conf	*c = &l->conf;

	if (c->auth_table == TABLE_NONE &&
	    (c->service == SERVICE_SUBMISSION ||
	    c->service == SERVICE_SUBMISSIONS))
		report_warning(b->report, &st->origin, "listen: without "
		    "auth nobody can send mail to others here");
}

/* ---- credentials NAME { file FILE; } ----------------------------------- */

static void
credentials_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct credential_conf	 c = { .origin = st->origin }, *to;

	(void)base;
	if (!build_wants(b, st, 1, 1, true) ||
	    value_name(b, st, st->words[1], &c.name) == -1)
		return;
	build_block(b, IN_CREDENTIALS, d->name, &st->origin, st->children,
	    &c);
	to = BUILD_ADD(b, &st->origin, &b->conf, credentials,
	    CREDENTIALS_MAX);
	if (to != NULL)
		*to = c;
}

static void
credentials_print(struct printer *p, const struct directive *d,
    const void *base)
{
	const struct conf	*conf = &p->build->conf;

	(void)base;
	for (size_t i = 0; i < conf->n_credentials; i++) {
		print_name(p, d->name);
		print_word(p, conf->credentials[i].name);
		print_block(p, IN_CREDENTIALS, &conf->credentials[i]);
	}
}

/* ---- route { credentials NAME; } --------------------------------------- */

static void
credential_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct route_conf	*r = base;

	(void)d;
	if (!build_wants(b, st, 1, 1, false))
		return;
	for (size_t i = 0; i < b->conf.n_credentials; i++)
		if (str_equal(b->conf.credentials[i].name, st->words[1])) {
			r->credential = (uint16_t)i;
			return;
		}
	WRONG(b, st, "there are no credentials %s", log_text(st->words[1]));
}

static void
credential_print(struct printer *p, const struct directive *d,
    const void *base)
{
	const struct route_conf	*r = base;

	if (r->credential == CREDENTIAL_NONE)
		return;
	print_name(p, d->name);
	print_word(p, p->build->conf.credentials[r->credential].name);
	print_end(p);
}

const struct kind kind_auth = { auth_set, auth_print };
const struct kind kind_credentials = { credentials_set, credentials_print };
const struct kind kind_credential = { credential_set, credential_print };
