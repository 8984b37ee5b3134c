/*
 * Goes down the aliases, one step of the stack each, with limits on depth,
 * on results and on all that is looked at.  A member that leads nowhere is
 * left out, with a line in the log, as long as another leads somewhere.  An
 * entry that names its own address means the mailbox of that name; coming
 * back to an address in any other way is a loop, and the recipient is
 * refused.
 */
#include "visit.h"

#include "bounds.h"
#include "log.h"

#include "results.h"
#include "router.h"
#include "target.h"
#include "verify.h"

/* An address on the way down, and where it was named. */
struct step {
	const struct step	*up;
	unsigned		 depth;
	struct str		 address;
	bool			 by_user;	/* its entry's key lacks the
						 * extension */
	struct target		 t;
};

static struct {
	const struct msgid	*id;		/* NULL: a question */
	bool			 may_relay;
	const struct recipient	*from;		/* being expanded */
	unsigned		 visits;
	struct alias_refusal	 refusal;	/* the last met */
	struct verify_words	 words;		/* the same */
} at;

static enum visited	 visit(struct str, const struct step *);

/* ---- ends of the way --------------------------------------------------- */

static enum visited
keep(struct str address, bool ours)
{
	switch (results_add(at.from, address, ours)) {
	case RESULTS_OK:
		return VISIT_OK;
	case RESULTS_FULL:
		return VISIT_MANY;
	case RESULTS_NO_MEMORY:
	default:
		return VISIT_TEMPORARY;
	}
}

/*
 * Mailboxes of ours have names without extensions; other programs, behind
 * LMTP or SMTP, know themselves what an extension is.
 */
static enum visited
keep_mailbox(const struct step *s, bool cut)
{
	struct str	 user = str_bytes(s->t.addr.local.p, s->t.user_n);

	if (!cut || s->t.domain->transport != TRANSPORT_LOCAL)
		return keep(s->address, true);
	return keep(results_address(user, s->t.addr.domain), true);
}

/*
 * Where the next hop cannot be asked, mail of those who may relay is taken:
 * should it come back, it comes back to one of ours.
 */
static enum visited
verified(const struct step *s)
{
	struct verify_words	 words;
	enum verify_result	 r;

	r = verify_recipient(&s->t, s->address, &words);
	if (r == VERIFY_WAIT)
		return VISIT_WAIT;
	if (r == VERIFY_YES || (r == VERIFY_LATER && at.may_relay))
		return keep(s->address, true);
	at.words = words;
	return r == VERIFY_NO ? VISIT_UNKNOWN : VISIT_TEMPORARY;
}

static enum visited
mailbox(const struct step *s)
{
	bool	 cut;

	if (s->t.domain->recipients == RECIPIENTS_VERIFY)
		return verified(s);
	switch (target_mailbox(&s->t, &cut)) {
	case TABLE_FOUND:
		return keep_mailbox(s, cut);
	case TABLE_ABSENT:
		return VISIT_UNKNOWN;
	case TABLE_ERROR:
	default:
		return VISIT_TEMPORARY;
	}
}

/* ---- entries ----------------------------------------------------------- */

/*
 * A name alone is one of the recipient's domain; where that has no such
 * name, one of this host's, as Postfix's virtual maps count on.
 */
static enum visited
local_member(const struct step *s, struct str name)
{
	const struct domain_conf	*d;
	struct str			 host = router_conf()->hostname;
	enum visited			 r;

	r = visit(results_join(name, s->t.addr.domain), s);
	if (r != VISIT_UNKNOWN || str_equal(host, s->t.addr.domain) ||
	    router_domain(host, &d) != TABLE_FOUND)
		return r;
	return visit(results_join(name, host), s);
}

static enum visited
member(const struct step *s, struct str target, enum alias_kind kind)
{
	switch (kind) {
	case ALIAS_LOCAL:
		return local_member(s, target);
	case ALIAS_DOMAIN:
		return visit(results_address(s->t.addr.local,
		    str_skip(target, 1)), s);
	case ALIAS_ADDRESS:
	default:
		return visit(target, s);
	}
}

static void
log_dead_member(const struct step *s, struct str target, enum visited r)
{
	if (at.id == NULL)
		return;
	log_warn("alias id=%s rcpt=<%s> alias=<%s>: its target %s %s",
	    msgid_text(at.id), log_text(at.from->address),
	    log_text(s->address), log_text(target), r == VISIT_UNKNOWN ?
	    "does not exist" : "is refused by the aliases");
}

static enum visited
entry(const struct step *s, struct str list)
{
	enum visited	 r, why = VISIT_UNKNOWN;
	enum alias_kind	 kind;
	struct str	 target;
	bool		 found = false, waits = false;

	if (alias_is_refusal(list, &at.refusal))
		return VISIT_REFUSED;
	if (s->depth >= ALIAS_DEPTH_MAX)
		return VISIT_DEEP;
	while (alias_next(&list, &target, &kind)) {
		r = member(s, target, kind);
		if (r > VISIT_WAIT)
			return r;
		found |= r == VISIT_OK;
		waits |= r == VISIT_WAIT;
		if (r == VISIT_OK || r == VISIT_WAIT)
			continue;
		why = r;
		log_dead_member(s, target, r);
	}
	if (waits)
		return VISIT_WAIT;
	return found ? VISIT_OK : why;
}

/* ---- addresses --------------------------------------------------------- */

/* What nobody else is known by may be a catch-all's: also among "any". */
static enum visited
unaliased(const struct step *s)
{
	bool		 any = s->t.domain->recipients == RECIPIENTS_ANY;
	enum visited	 r = any ? VISIT_UNKNOWN : mailbox(s);
	struct str	 list;

	if (r != VISIT_UNKNOWN)
		return r;
	switch (alias_catch_all(&s->t, &list)) {
	case TABLE_FOUND:
		return entry(s, list);
	case TABLE_ABSENT:
		return any ? mailbox(s) : VISIT_UNKNOWN;
	case TABLE_ERROR:
	default:
		return VISIT_TEMPORARY;
	}
}

static enum visited
aliased(struct step *s, bool *found)
{
	struct str	 list;

	*found = true;
	switch (alias_find(&s->t, &list, &s->by_user)) {
	case TABLE_FOUND:
		return entry(s, list);
	case TABLE_ABSENT:
		*found = false;
		return VISIT_UNKNOWN;
	case TABLE_ERROR:
	default:
		return VISIT_TEMPORARY;
	}
}

/* Good, or to be asked again; else what it has added is taken back. */
static bool
is_settled(enum visited r, size_t before)
{
	if (r == VISIT_OK || r == VISIT_TEMPORARY || r == VISIT_WAIT)
		return true;
	results_truncate(before);
	return false;
}

/*
 * Always accepted (RFC 5321 4.5.1): for an alias, a mailbox, the one that
 * the configuration names, and at last for a mailbox that is made.
 */
static enum visited
postmaster(struct step *s)
{
	struct str	 named = router_conf()->postmaster;
	enum recipients	 kind = s->t.domain->recipients;
	size_t		 before = results_count();
	bool		 found;
	enum visited	 r = aliased(s, &found);

	if (is_settled(r, before))
		return r;
	if (kind != RECIPIENTS_ANY)
		r = mailbox(s);
	if (r == VISIT_OK || r == VISIT_WAIT)
		return r;
	if (named.n != 0 && is_settled(r = visit(named, s), before))
		return r;
	/* load asks for a name where there can be no mailbox */
	return kind != RECIPIENTS_NONE ? keep(s->address, true) :
	    VISIT_TEMPORARY;
}

/* The one of our own name, or who is named for all. */
static enum visited
bare_postmaster(const struct step *s)
{
	const struct conf		*conf = router_conf();
	const struct domain_conf	*d;
	size_t				 before = results_count();
	enum visited			 r = VISIT_UNKNOWN;

	if (router_domain(conf->hostname, &d) == TABLE_FOUND)
		r = visit(results_join(s->address, conf->hostname), s);
	else if (conf->postmaster.n != 0)
		r = visit(conf->postmaster, s);
	return is_settled(r, before) ? r : keep(s->address, false);
}

static bool
same(const struct step *a, struct str key)
{
	return a->t.domain != NULL && str_equal(a->t.full.whole, key);
}

/* Named by its own entry. */
static bool
is_itself(const struct step *s)
{
	const struct step	*up = s->up;

	return up != NULL && (same(up, s->t.full.whole) ||
	    (up->by_user && str_equal(up->t.user.whole, s->t.full.whole)));
}

static bool
is_loop(const struct step *s)
{
	for (const struct step *a = s->up; a != NULL; a = a->up) {
		if (!same(a, s->t.full.whole))
			continue;
		log_warn("alias rcpt=<%s>: a loop, <%s> leads to <%s> again",
		    log_text(at.from->address), log_text(s->up->address),
		    log_text(s->address));
		return true;
	}
	return false;
}

static enum visited
visit_ours(struct step *s)
{
	enum visited	 r;
	bool		 found;

	if (is_itself(s))
		return mailbox(s->up);
	if (is_loop(s))
		return VISIT_LOOP;
	if (target_is_postmaster(&s->t))
		return postmaster(s);
	r = aliased(s, &found);
	return found ? r : unaliased(s);
}

static enum visited
visit(struct str address, const struct step *up)
{
	struct step	 s;

	if (address.p == NULL)		/* no memory to make it */
		return VISIT_TEMPORARY;
	if (at.visits == ALIAS_VISITS_MAX)
		return VISIT_MANY;
	at.visits++;
	s.up = up;
	s.depth = up != NULL ? up->depth + 1 : 0;
	s.address = address;
	s.by_user = false;
	switch (target_parse(&s.t, address)) {
	case TABLE_ERROR:
		return VISIT_TEMPORARY;
	case TABLE_ABSENT:
		return VISIT_UNKNOWN;
	case TABLE_FOUND:
		break;
	}
	if (s.t.domain != NULL)
		return visit_ours(&s);
	if (s.t.addr.domain.n == 0)
		return bare_postmaster(&s);
	if (up == NULL && !at.may_relay)
		return VISIT_NO_RELAY;
	return keep(address, false);
}

/* ---- recipients -------------------------------------------------------- */

void
visit_begin(const struct msgid *id, bool may_relay)
{
	at.id = id;
	at.may_relay = may_relay;
	at.visits = 0;
	verify_begin(id == NULL);
}

enum visited
visit_rcpt(const struct recipient *rcpt)
{
	at.from = rcpt;
	at.words.code = 0;
	return visit(rcpt->address, NULL);
}

unsigned
visit_count(void)
{
	return at.visits;
}

const struct alias_refusal *
visit_refusal(void)
{
	return &at.refusal;
}

const struct verify_words *
visit_words(void)
{
	return &at.words;
}
