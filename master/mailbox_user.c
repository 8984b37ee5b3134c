/*
 * Users of mailboxes, and who may not be one.
 */
#include "mailbox_user.h"

#include <cdb.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"

#define SLOT_KEY_MAX	16	/* "#4294967295" */

static const char *const verdict_texts[MAILBOX_VERDICT_N] = {
	[MAILBOX_USER_OK] = "may have a mailbox",
	[MAILBOX_NO_RULE] = "no such delivery rule",
	[MAILBOX_NO_USER] = "no such user in the system table",
	[MAILBOX_BAD_TABLE] = "the system table cannot be read",
	[MAILBOX_FORBIDDEN] = "mail is not delivered as this user",
};

const char *
mailbox_verdict_text(enum mailbox_verdict v)
{
	return verdict_texts[v];
}

/* What is before the next colon, which is skipped; -1 when there is none. */
static int
field(struct str *s, struct str *out)
{
	const char	*colon = s->n != 0 ? memchr(s->p, ':', s->n) : NULL;

	if (colon == NULL)
		return -1;
	*out = str_bytes(s->p, (size_t)(colon - s->p));
	*s = str_skip(*s, out->n + 1);
	return 0;
}

static int
number(struct str s, uint32_t *out)
{
	uint64_t	 v;

	/* the last one means "none" to setresuid(2) */
	if (str_number(s, 10, &v) == -1 || v >= UINT32_MAX)
		return -1;
	*out = (uint32_t)v;
	return 0;
}

int
mailbox_user_parse(struct str s, struct mailbox_user *u)
{
	struct str	 uid, gid;

	if (field(&s, &uid) == -1 || field(&s, &gid) == -1 ||
	    field(&s, &u->home) == -1 || number(uid, &u->uid) == -1 ||
	    number(gid, &u->gid) == -1)
		return -1;
	u->name = s;
	if (u->name.n == 0 || u->name.n > NAME_MAX_LEN ||
	    u->home.n > FILE_NAME_MAX || u->home.n == 0 ||
	    u->home.p[0] != '/' || memchr(s.p, ':', s.n) != NULL)
		return -1;
	return 0;
}

static enum mailbox_verdict
find_slot(int table, uint32_t slot, struct mailbox_user *u)
{
	char		 key[SLOT_KEY_MAX];
	struct cdb	 cdb;
	unsigned	 len;
	int		 n, found;

	if (table == -1 || cdb_init(&cdb, table) != 0)
		return MAILBOX_BAD_TABLE;
	n = snprintf(key, sizeof(key), "#%u", slot);
	found = cdb_find(&cdb, key, (unsigned)n);
	len = found > 0 ? cdb_datalen(&cdb) : 0;
	if (found > 0 && (len > sizeof(u->text) ||
	    cdb_read(&cdb, u->text, len, cdb_datapos(&cdb)) != 0))
		found = -1;
	cdb_free(&cdb);
	if (found == 0)
		return MAILBOX_NO_USER;
	if (found < 0 || mailbox_user_parse(str_bytes(u->text, len), u) == -1)
		return MAILBOX_BAD_TABLE;
	return MAILBOX_USER_OK;
}

/* Whoever made the configuration and the table: these are never served. */
static bool
is_forbidden(const struct conf *conf, const struct mailbox_user *u)
{
	if (u->uid == 0 || u->gid == 0 || plan_is_own_id(conf, u->uid) ||
	    plan_is_own_id(conf, u->gid))
		return true;
	if (u->uid >= DELIVERY_UID_MIN && u->uid != UID_NOBODY)
		return false;
	for (size_t i = 0; i < conf->n_delivery_uids; i++)
		if (conf->delivery_uids[i].uid == u->uid)
			return false;
	return true;
}

enum mailbox_verdict
mailbox_user_find(const struct conf *conf, int system_table,
    uint16_t delivery, uint32_t slot, struct mailbox_user *u)
{
	const struct delivery_conf	*rule;
	enum mailbox_verdict		 v;

	if (delivery >= conf->n_deliveries)
		return MAILBOX_NO_RULE;
	rule = &conf->deliveries[delivery];
	if (rule->as_recipient) {
		v = find_slot(system_table, slot, u);
		if (v != MAILBOX_USER_OK)
			return v;
	} else {
		u->uid = rule->uid;
		u->gid = rule->gid;
		u->name = u->home = STR_NONE;
	}
	return is_forbidden(conf, u) ? MAILBOX_FORBIDDEN : MAILBOX_USER_OK;
}

struct str
mailbox_user_root(struct str path, const struct mailbox_user *u)
{
	static const struct str	 all = STR("/");
	const char		*percent;

	percent = path.n != 0 ? memchr(path.p, '%', path.n) : NULL;
	if (percent == path.p)
		return u->home.n != 0 ? u->home : all;
	if (percent != NULL)
		path.n = (size_t)(percent - path.p);
	while (path.n != 0 && path.p[path.n - 1] != '/')
		path.n--;
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	return path.n != 0 ? path : all;
}
