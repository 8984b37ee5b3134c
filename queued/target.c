/*
 * Keys are made once, for all tables that are asked.
 */
#include "target.h"

#include "router.h"

static struct str
lower(struct str s, char *to)
{
	for (size_t i = 0; i < s.n; i++)
		to[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ?
		    (char)(s.p[i] | 0x20) : s.p[i];
	return str_bytes(to, s.n);
}

static void
key_make(struct key *k, struct str local, struct str domain)
{
	k->local = lower(local, k->text);
	k->text[local.n] = '@';
	memcpy(k->text + local.n + 1, domain.p, domain.n);
	k->whole = str_bytes(k->text, local.n + 1 + domain.n);
	k->domain = str_skip(k->whole, local.n);
	/* quoted, it could be somebody else's whole address */
	if (local.n != 0 && memchr(local.p, '@', local.n) != NULL)
		k->local = STR_NONE;
}

/* The length of the local part before the first delimiter. */
static size_t
user_length(struct str local, struct str delimiter)
{
	size_t	 n = 1;		/* none in front: no user is nameless */

	if (delimiter.n == 0)
		return local.n;
	while (n < local.n && memchr(delimiter.p, local.p[n],
	    delimiter.n) == NULL)
		n++;
	return n < local.n ? n : local.n;
}

enum table_result
target_parse(struct target *t, struct str address)
{
	t->domain = NULL;
	if (addr_parse(address, ADDR_POSTMASTER | ADDR_UTF8, t->store,
	    &t->addr) != ADDR_OK)
		return TABLE_ABSENT;
	if (router_domain(t->addr.domain, &t->domain) == TABLE_ERROR)
		return TABLE_ERROR;
	if (t->domain == NULL)
		return TABLE_FOUND;
	key_make(&t->full, t->addr.local, t->addr.domain);
	t->user_n = user_length(t->addr.local, t->domain->delimiter);
	if (target_has_extension(t))
		key_make(&t->user, str_bytes(t->addr.local.p, t->user_n),
		    t->addr.domain);
	return TABLE_FOUND;
}

bool
target_is_postmaster(const struct target *t)
{
	static const struct str	name = STR("postmaster");

	return str_equal_nocase(t->addr.local, name) &&
	    (t->addr.domain.n == 0 || t->domain != NULL);
}

/* ---- mailboxes --------------------------------------------------------- */

/* user@domain, then user. */
static enum table_result
find_key(unsigned table, const struct key *k)
{
	enum table_result	 result;

	result = tables_find(router_tables(), table, k->whole, NULL);
	if (result == TABLE_ABSENT)
		result = tables_find(router_tables(), table, k->local, NULL);
	return result;
}

/* With the extension, then without it, then @domain: all of them. */
static enum table_result
find_listed(const struct target *t, bool *cut)
{
	unsigned		 table = t->domain->recipients_table;
	enum table_result	 result = find_key(table, &t->full);

	if (result != TABLE_ABSENT)
		return result;
	*cut = target_has_extension(t);
	if (*cut)
		result = find_key(table, &t->user);
	if (result == TABLE_ABSENT)
		result = tables_find(router_tables(), table, t->full.domain,
		    NULL);
	return result;
}

static enum table_result
find_account(unsigned table, struct str user, const struct key *k,
    struct str *value)
{
	enum table_result	 result;

	/* "#" begins the table's other half, the slots */
	if (user.n != 0 && user.p[0] == '#')
		return TABLE_ABSENT;
	result = tables_find(router_tables(), table, user, value);
	if (result == TABLE_ABSENT)
		result = tables_find(router_tables(), table, k->local, value);
	return result;
}

static enum table_result
find_system(const struct target *t, bool *cut, struct str *value)
{
	unsigned		 table = t->domain->recipients_table;
	enum table_result	 result;

	result = find_account(table, t->addr.local, &t->full, value);
	if (result != TABLE_ABSENT || !target_has_extension(t))
		return result;
	*cut = true;
	return find_account(table, str_bytes(t->addr.local.p, t->user_n),
	    &t->user, value);
}

enum table_result
target_mailbox(const struct target *t, bool *cut)
{
	*cut = false;
	switch (t->domain->recipients) {
	case RECIPIENTS_ANY:
		*cut = target_has_extension(t);
		return TABLE_FOUND;
	case RECIPIENTS_TABLE:
		return find_listed(t, cut);
	case RECIPIENTS_SYSTEM:
		return find_system(t, cut, NULL);
	case RECIPIENTS_NONE:
		return TABLE_ABSENT;
	case RECIPIENTS_VERIFY:		/* verify.h asks its next hop */
	default:
		return TABLE_ERROR;
	}
}

/* A decimal number of at most nine digits; -1 when it is not one. */
static int
slot_parse(struct str s, uint32_t *slot)
{
	uint64_t	 n;

	if (str_number(s, 9, &n) == -1)
		return -1;
	*slot = (uint32_t)n;
	return 0;
}

enum table_result
target_slot(const struct target *t, uint32_t *slot)
{
	enum table_result	 result;
	struct str		 value;
	bool			 cut;

	*slot = 0;
	if (t->domain == NULL || t->domain->recipients != RECIPIENTS_SYSTEM)
		return TABLE_FOUND;
	result = find_system(t, &cut, &value);
	if (result == TABLE_FOUND && slot_parse(value, slot) == -1)
		return TABLE_ERROR;
	return result;
}
