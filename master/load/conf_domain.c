/*
 * `domain NAME { ... }` and `domain table NAME { ... }`: the domains that
 * mail is taken for, where their recipients are known, what other names they
 * have, and where it goes.
 */
#include "conf_kinds.h"

#include "conf_host.h"
#include "conf_print.h"
#include "conf_value.h"

/* where mail ends in mailboxes or aliases; what we relay has its own host,
 * which may see this otherwise */
#define DELIMITER	"+"

static const char *const recipients_words[RECIPIENTS_N] = {
	[RECIPIENTS_ANY] = "any", [RECIPIENTS_VERIFY] = "verify",
	[RECIPIENTS_SYSTEM] = "system", [RECIPIENTS_NONE] = "none",
};

static int
domain_name(struct build *b, const struct statement *st,
    struct domain_conf *d)
{
	static const struct str	 table = STR("table");

	if (st->n_words == 2)
		return value_host(b, st, st->words[1], &d->name);
	if (!str_equal(st->words[1], table)) {
		WRONG(b, st, "wants NAME { } or table NAME { }");
		return -1;
	}
	d->table = build_table(b, st->words[2], QUEUED);
	if (d->table != TABLE_NONE)
		return 0;
	WRONG(b, st, "no table %s", log_text(st->words[2]));
	return -1;
}

/* Of a domain with nothing but aliases. */
static void
check_none(struct build *b, const struct statement *st,
    const struct domain_build *d)
{
	if (d->conf.n_aliases == 0)
		WRONG(b, st, "recipients none leaves nobody without aliases");
	if (d->transports != 0)
		WRONG(b, st, "recipients none leaves nothing to deliver or "
		    "relay");
	if (b->conf.postmaster.n == 0)
		WRONG(b, st, "recipients none wants a postmaster for all "
		    "domains: there is no mailbox for this one's");
}

static void
check_transport(struct build *b, const struct statement *st,
    const struct domain_build *d)
{
	if (d->conf.recipients == RECIPIENTS_NONE)
		check_none(b, st, d);
	else if (d->transports == 0)
		WRONG(b, st, "where does its mail go? deliver or relay is "
		    "missing");
	else if (d->transports > 1)
		WRONG(b, st, "deliver or relay, not both");
	else if (d->conf.transport == TRANSPORT_LOCAL &&
	    b->conf.deliveries[d->conf.delivery].as_recipient &&
	    d->conf.recipients != RECIPIENTS_SYSTEM)
		WRONG(b, st, "deliver as recipient wants recipients system: "
		    "only accounts have a uid");
	else if (d->conf.transport == TRANSPORT_LOCAL &&
	    d->conf.recipients == RECIPIENTS_VERIFY)
		WRONG(b, st, "recipients verify asks a next hop, and a "
		    "maildir has none");
}

static void
domain_set(struct build *b, const struct directive *row,
    const struct statement *st, void *base)
{
	struct domain_build	 d = { .conf = { .origin = st->origin,
	    .table = TABLE_NONE, .recipients_table = TABLE_NONE,
	    .delivery = DELIVERY_NONE, .service = SERVICE_NONE,
	    .recipients = RECIPIENTS_N } };
	struct domain_conf	*to;
	unsigned		 errors = b->report->errors;
	bool			 named;

	(void)base;
	if (!build_wants(b, st, 1, 2, true))
		return;
	named = domain_name(b, st, &d.conf) == 0;
	build_block(b, IN_DOMAIN, row->name, &st->origin, st->children, &d);
	if (!d.delimited && (d.transports == 0 ||
	    d.conf.transport != TRANSPORT_SMTP))
		d.conf.delimiter = str_of(DELIMITER);
	if (named && errors == b->report->errors)
		check_transport(b, st, &d);
	if (errors != b->report->errors)
		return;
	to = BUILD_ADD(b, &st->origin, &b->conf, domains, DOMAINS_MAX);
	if (to != NULL)
		*to = d.conf;
}

static void
domain_print(struct printer *p, const struct directive *row,
    const void *base)
{
	const struct conf	*conf = &p->build->conf;

	(void)base;
	for (size_t i = 0; i < conf->n_domains; i++) {
		struct domain_build	 d = { .conf = conf->domains[i] };

		print_name(p, row->name);
		if (d.conf.table != TABLE_NONE) {
			print_string(p, "table");
			print_word(p, conf->tables[d.conf.table].name);
		} else
			print_word(p, d.conf.name);
		print_block(p, IN_DOMAIN, &d);
	}
}

/* ---- recipients TABLE|any|verify|system|none; -------------------------- */

static void
recipients_set(struct build *b, const struct directive *row,
    const struct statement *st, void *base)
{
	struct domain_build	*d = base;

	(void)row;
	if (!build_wants(b, st, 1, 1, false))
		return;
	for (unsigned i = 0; i < RECIPIENTS_N; i++)
		if (recipients_words[i] != NULL &&
		    str_equal(st->words[1], str_of(recipients_words[i]))) {
			d->conf.recipients = (enum recipients)i;
			return;
		}
	d->conf.recipients_table = build_table(b, st->words[1], QUEUED);
	if (d->conf.recipients_table == TABLE_NONE)
		WRONG(b, st, "no table %s (nor any, verify, system or none)",
		    log_text(st->words[1]));
	else
		d->conf.recipients = RECIPIENTS_TABLE;
}

static void
recipients_print(struct printer *p, const struct directive *row,
    const void *base)
{
	const struct domain_build	*d = base;
	const struct conf		*conf = &p->build->conf;

	print_name(p, row->name);
	if (d->conf.recipients == RECIPIENTS_TABLE)
		print_word(p, conf->tables[d->conf.recipients_table].name);
	else
		print_string(p, recipients_words[d->conf.recipients]);
	print_end(p);
}

/* ---- relay; ------------------------------------------------------------ */

static void
relay_set(struct build *b, const struct directive *row,
    const struct statement *st, void *base)
{
	struct domain_build	*d = base;

	(void)row;
	d->transports++;
	if (build_wants(b, st, 0, 0, false))
		d->conf.transport = TRANSPORT_SMTP;
}

static void
relay_print(struct printer *p, const struct directive *row, const void *base)
{
	const struct domain_build	*d = base;

	if (d->conf.transport != TRANSPORT_SMTP ||
	    d->conf.recipients == RECIPIENTS_NONE)
		return;
	print_name(p, row->name);
	print_end(p);
}

/* ---- aliases TABLE; ---------------------------------------------------- */

static void
aliases_set(struct build *b, const struct directive *row,
    const struct statement *st, void *base)
{
	struct domain_build	*d = base;
	struct table_ref	*to;
	uint16_t		 table;

	(void)row;
	if (!build_wants(b, st, 1, 1, false))
		return;
	table = build_table(b, st->words[1], QUEUED);
	if (table == TABLE_NONE) {
		WRONG(b, st, "no table %s", log_text(st->words[1]));
		return;
	}
	to = BUILD_ADD(b, &st->origin, &d->conf, aliases, ALIAS_TABLES_MAX);
	if (to == NULL)
		return;
	to->table = table;
	b->is_aliases[table] = true;
}

static void
aliases_print(struct printer *p, const struct directive *row,
    const void *base)
{
	const struct domain_build	*d = base;
	const struct conf		*conf = &p->build->conf;

	for (size_t i = 0; i < d->conf.n_aliases; i++) {
		print_name(p, row->name);
		print_word(p, conf->tables[d->conf.aliases[i].table].name);
		print_end(p);
	}
}

/* ---- delimiter CHARACTERS; --------------------------------------------- */

/* What may stand in a local part without quotes and is no letter or digit. */
static bool
is_delimiter(char c)
{
	static const char	 marks[] = "!#$%&'*+-./=?^_`{|}~";

	return memchr(marks, c, sizeof(marks) - 1) != NULL;
}

static void
delimiter_set(struct build *b, const struct directive *row,
    const struct statement *st, void *base)
{
	struct domain_build	*d = base;
	struct str		 word;

	(void)row;
	d->delimited = true;
	if (!build_wants(b, st, 1, 1, false))
		return;
	word = st->words[1];
	for (size_t i = 0; i < word.n; i++)
		if (!is_delimiter(word.p[i])) {
			WRONG(b, st, "%s: marks like + and - begin an "
			    "extension", log_text(word));
			return;
		}
	if (word.n > DELIMITERS_MAX)
		WRONG(b, st, "more than %d characters", DELIMITERS_MAX);
	else
		d->conf.delimiter = build_copy(b, word);
}

static void
delimiter_print(struct printer *p, const struct directive *row,
    const void *base)
{
	const struct domain_build	*d = base;

	print_name(p, row->name);
	print_word(p, d->conf.delimiter);
	print_end(p);
}

const struct kind kind_domain = { domain_set, domain_print };
const struct kind kind_recipients = { recipients_set, recipients_print };
const struct kind kind_relay = { relay_set, relay_print };
const struct kind kind_aliases = { aliases_set, aliases_print };
const struct kind kind_delimiter = { delimiter_set, delimiter_print };
