/*
 * The small objects: control's group, the users that may be delivered to,
 * name servers, tables.
 */
#include "conf_kinds.h"

#include "conf_print.h"
#include "conf_value.h"

#define DNS_PORT	53

/* ---- control { group NAME; } ------------------------------------------- */

static void
group_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	const struct account	*g;
	uint32_t		*gid = (void *)((char *)base + d->offset);

	if (!build_wants(b, st, 1, 1, false) ||
	    account_number(st->words[1], gid) == 0)
		return;
	g = accounts_group(&b->accounts, st->words[1], &st->origin);
	if (g == NULL)
		WRONG(b, st, "no group %s in %s", log_text(st->words[1]),
		    GROUP_FILE);
	else
		*gid = g->gid;
}

static void
group_print(struct printer *p, const struct directive *d, const void *base)
{
	const uint32_t	*gid;
	char		 text[UNITS_TEXT_MAX];

	gid = (const uint32_t *)((const char *)base + d->offset);
	if (*gid == 0)
		return;
	print_name(p, d->name);
	print_string(p, units_print(units_count, *gid, text));
	print_end(p);
}

/* ---- delivery-users NAME ...; ------------------------------------------ */

static void
users_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	const struct account	*user;
	struct delivery_uid	*to;
	uint32_t		 uid;

	(void)d, (void)base;
	if (!build_wants(b, st, 1, DELIVERY_UIDS_MAX, false))
		return;
	for (size_t i = 1; i < st->n_words; i++) {
		struct str	 word = st->words[i];

		if (account_number(word, &uid) == -1) {
			user = accounts_user(&b->accounts, word, &st->origin);
			if (user == NULL) {
				WRONG(b, st, "no user %s in %s",
				    log_text(word), PASSWD_FILE);
				continue;
			}
			uid = user->uid;
		}
		if (uid == 0) {
			WRONG(b, st, "%s: nothing is delivered as root",
			    log_text(word));
			continue;
		}
		to = BUILD_ADD(b, &st->origin, &b->conf, delivery_uids,
		    DELIVERY_UIDS_MAX);
		if (to != NULL)
			to->uid = uid;
	}
}

static void
users_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct conf	*conf = &p->build->conf;
	char			 text[UNITS_TEXT_MAX];

	(void)base;
	if (conf->n_delivery_uids == 0)
		return;
	print_name(p, d->name);
	for (size_t i = 0; i < conf->n_delivery_uids; i++)
		print_string(p, units_print(units_count,
		    conf->delivery_uids[i].uid, text));
	print_end(p);
}

/* ---- dns { server ADDRESS [port N] [trusted]; } ------------------------ */

static int
server_options(struct build *b, const struct statement *st,
    struct name_server_conf *s)
{
	static const struct str	 port = STR("port"), trusted = STR("trusted");

	for (size_t i = 2; i < st->n_words; i++) {
		if (str_equal(st->words[i], trusted))
			s->trusted = true;
		else if (str_equal(st->words[i], port) &&
		    i + 1 < st->n_words) {
			if (value_port(b, st, st->words[++i],
			    &s->addr.port) == -1)
				return -1;
		} else {
			WRONG(b, st, "%s: wants ADDRESS [port N] [trusted]",
			    log_text(st->words[i]));
			return -1;
		}
	}
	return 0;
}

static void
server_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct name_server_conf	 s = { 0 }, *to;

	(void)d, (void)base;
	if (!build_wants(b, st, 1, 4, false))
		return;
	if (netaddr_parse(&s.addr, st->words[1]) == -1) {
		WRONG(b, st, "%s is not an address", log_text(st->words[1]));
		return;
	}
	s.addr.port = DNS_PORT;
	if (server_options(b, st, &s) == -1)
		return;
	to = BUILD_ADD(b, &st->origin, &b->conf, name_servers,
	    NAME_SERVERS_MAX);
	if (to != NULL)
		*to = s;
}

static void
server_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct conf	*conf = &p->build->conf;
	char			 addr[NETADDR_TEXT_MAX], port[UNITS_TEXT_MAX];

	(void)base;
	for (size_t i = 0; i < conf->n_name_servers; i++) {
		const struct name_server_conf	*s = &conf->name_servers[i];

		print_name(p, d->name);
		print_string(p, netaddr_print(&s->addr, addr));
		print_string(p, "port");
		print_string(p, units_print(units_count, s->addr.port, port));
		if (s->trusted)
			print_string(p, "trusted");
		print_end(p);
	}
}

/* ---- table NAME file PATH; --------------------------------------------- */

/* What "recipients" and "as" say where others have a table's name. */
static bool
is_reserved(struct str name)
{
	static const char *const	 words[] = { "any", "none",
	    "recipient", "system", "table", "verify" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_equal(name, str_of(words[i])))
			return true;
	return false;
}

static void
table_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	static const struct str	 file = STR("file");
	struct table_conf	*to;
	struct str		 name;

	(void)d, (void)base;
	if (!build_wants(b, st, 3, 3, false) ||
	    value_name(b, st, st->words[1], &name) == -1)
		return;
	if (!str_equal(st->words[2], file))
		WRONG(b, st, "%s: wants NAME file PATH",
		    log_text(st->words[2]));
	else if (is_reserved(name))
		WRONG(b, st, "%s has a meaning of its own", log_text(name));
	else if (value_path(b, st, st->words[3]) == 0 &&
	    (to = BUILD_ADD(b, &st->origin, &b->conf, tables,
	    TABLES_MAX)) != NULL)
		*to = (struct table_conf){ st->origin, name, TABLE_FILE,
		    build_copy(b, st->words[3]), 0 };
}

static void
table_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct conf	*conf = &p->build->conf;

	(void)base;
	for (size_t i = 0; i < conf->n_tables; i++) {
		if (conf->tables[i].kind != TABLE_FILE)
			continue;	/* made where it is needed */
		print_name(p, d->name);
		print_word(p, conf->tables[i].name);
		print_string(p, "file");
		print_word(p, conf->tables[i].file);
		print_end(p);
	}
}

const struct kind kind_group = { group_set, group_print };
const struct kind kind_users = { users_set, users_print };
const struct kind kind_server = { server_set, server_print };
const struct kind kind_table = { table_set, table_print };
