/*
 * Conditions that are not given always hold; all that are given must.
 */
#include "match.h"

#include "clock.h"

#include "reply.h"
#include "route.h"

uint8_t
match_state(const struct part *p)
{
	switch (p->state) {
	case PART_ACTIVE:
		return STATE_ACTIVE;
	case PART_READY:
		return STATE_WAITING;
	case PART_DEFERRED:
		return STATE_DEFERRED;
	case PART_HELD:
		return STATE_HELD;
	default:
		return 0;
	}
}

struct str
match_reply(const struct part *p)
{
	return reply_text(p->reply != REPLY_NONE ? p->reply :
	    p->route->down_reply);
}

static bool
contains_nocase(struct str s, struct str part)
{
	for (; s.n >= part.n; s = str_skip(s, 1))
		if (str_starts_nocase(s, part))
			return true;
	return false;
}

/* One part must fit all that is said about parts. */
static bool
match_part(const struct queue_filter *f, const struct part *p)
{
	char	 name[ROUTE_NAME_MAX + 1];

	if (f->states != 0 && (f->states & match_state(p)) == 0)
		return false;
	if (f->route.n != 0 &&
	    !str_equal_nocase(route_name(p->route, name), f->route))
		return false;
	return f->reply.n == 0 ||
	    contains_nocase(match_reply(p), f->reply);
}

bool
match_memory(const struct queue_filter *f, const struct mail *m)
{
	uint64_t		 now = (uint64_t)clock_wall();
	uint64_t		 age = now > m->arrived ? now - m->arrived : 0;
	const struct part	*p;

	if ((m->flags & MAIL_STORING) != 0)
		return false;
	if ((f->older_s != 0 && age <= f->older_s) ||
	    (f->younger_s != 0 && age >= f->younger_s) ||
	    (f->larger != 0 && m->size <= f->larger) ||
	    (f->smaller != 0 && m->size >= f->smaller))
		return false;
	if (f->id.n != 0 && !msgid_has_prefix(&m->id, f->id))
		return false;
	for (p = m->parts; p != NULL; p = p->next)
		if (match_part(f, p))
			return true;
	return false;
}

bool
match_needs_envelope(const struct queue_filter *f)
{
	return f->sender.n != 0 || f->rcpt.n != 0 || f->domain.n != 0;
}

struct str
match_domain_of(struct str address)
{
	const char	*at = address.n != 0 ?
	    memrchr(address.p, '@', address.n) : NULL;

	if (at == NULL)
		return STR_NONE;
	return str_skip(address, (size_t)(at - address.p) + 1);
}

static bool
match_address(const struct queue_filter *f, struct str address)
{
	return (f->rcpt.n == 0 || str_equal_nocase(address, f->rcpt)) &&
	    (f->domain.n == 0 ||
	    str_equal_nocase(match_domain_of(address), f->domain));
}

bool
match_rcpt(const struct queue_filter *f, const struct part *p,
    struct str address)
{
	return match_part(f, p) && match_address(f, address);
}

/* "from=<>" means the null path. */
static bool
match_sender(struct str want, struct str sender)
{
	static const struct str	 null = STR("<>");

	if (str_equal(want, null))
		return sender.n == 0;
	return want.n == 0 || str_equal_nocase(sender, want);
}

bool
match_envelope(const struct queue_filter *f, const struct mail *m,
    const struct envelope *e)
{
	if (!match_sender(f->sender, e->sender))
		return false;
	for (const struct part *p = m->parts; p != NULL; p = p->next)
		for (size_t i = 0; i < p->n; i++)
			if (p->rcpts[i] < e->n_rcpts &&
			    match_address(f, e->rcpts[p->rcpts[i]].address))
				return true;
	return false;
}
