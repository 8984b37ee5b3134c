/*
 * The form of a compiled entry (alias_compile.c of the load role makes it):
 * targets with newlines between them, or "error:CODE STATUS TEXT".  No
 * target in canonical form has a colon outside of quotes.
 */
#include "alias.h"

#include "router.h"

static const struct str	 refusal_mark = STR("error:");

/* In one table: the whole address before the name alone. */
static enum table_result
find_in(const struct target *t, unsigned table, struct str *list,
    bool *by_user)
{
	struct tables		*all = router_tables();
	bool			 extended = target_has_extension(t);
	enum table_result	 result;

	result = tables_find(all, table, t->full.whole, list);
	if (result == TABLE_ABSENT && extended) {
		result = tables_find(all, table, t->user.whole, list);
		*by_user = result == TABLE_FOUND;
	}
	if (result == TABLE_ABSENT)
		result = tables_find(all, table, t->full.local, list);
	if (result == TABLE_ABSENT && extended) {
		result = tables_find(all, table, t->user.local, list);
		*by_user = result == TABLE_FOUND;
	}
	return result;
}

enum table_result
alias_find(const struct target *t, struct str *list, bool *by_user)
{
	enum table_result	 result = TABLE_ABSENT;

	*by_user = false;
	for (size_t i = 0; i < t->domain->n_aliases &&
	    result == TABLE_ABSENT; i++)
		result = find_in(t, t->domain->aliases[i].table, list,
		    by_user);
	return result;
}

enum table_result
alias_catch_all(const struct target *t, struct str *list)
{
	enum table_result	 result = TABLE_ABSENT;

	for (size_t i = 0; i < t->domain->n_aliases &&
	    result == TABLE_ABSENT; i++)
		result = tables_find(router_tables(),
		    t->domain->aliases[i].table, t->full.domain, list);
	return result;
}

/* What is before the next blank, which is skipped. */
static struct str
word(struct str *s)
{
	const char	*end = s->n != 0 ? memchr(s->p, ' ', s->n) : NULL;
	struct str	 w = *s;

	if (end != NULL)
		w.n = (size_t)(end - s->p);
	*s = str_skip(*s, w.n + 1);
	return w;
}

bool
alias_is_refusal(struct str list, struct alias_refusal *r)
{
	struct str	 code;

	if (!str_starts_nocase(list, refusal_mark))
		return false;
	r->text = str_skip(list, refusal_mark.n);
	code = word(&r->text);
	r->code = 0;
	for (size_t i = 0; i < code.n && i < 3; i++)
		r->code = r->code * 10 + (unsigned)(code.p[i] - '0');
	r->status = word(&r->text);
	return true;
}

/* An "@" that is not within the quotes of a local part. */
static bool
has_domain(struct str s)
{
	bool	 quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (s.p[i] == '@' && !quoted)
			return true;
	}
	return false;
}

bool
alias_next(struct str *list, struct str *target, enum alias_kind *kind)
{
	const char	*end;

	if (list->n == 0)
		return false;
	end = memchr(list->p, '\n', list->n);
	*target = *list;
	if (end != NULL)
		target->n = (size_t)(end - list->p);
	*list = str_skip(*list, target->n + 1);
	if (target->n != 0 && target->p[0] == '@')
		*kind = ALIAS_DOMAIN;
	else
		*kind = has_domain(*target) ? ALIAS_ADDRESS : ALIAS_LOCAL;
	return true;
}
