/*
 * Which attributes each event has; posternctl(8) lists them.
 */
#include "trace_mail.h"

#include "messages.h"
#include "netaddr.h"

#include "override.h"
#include "router.h"

#define RESULTS_NAMED	8	/* of an alias; the rest is counted */

static void
put_address(enum trace_key key, const struct netaddr *addr)
{
	char	 text[NETADDR_TEXT_MAX];

	if (addr->family != 0)
		trace_text(key, str_of(netaddr_print(addr, text)));
}

void
trace_arrived(enum role role, const struct mail_submit *m)
{
	const struct envelope	*e = &m->envelope;
	struct origin_of	 o = { role, e->listener, e->client,
	    e->account, m->conf };

	if (trace_is_off())
		return;
	trace_begin(TRACE_ARRIVED, &e->id);
	trace_text(KEY_FROM, e->sender.n != 0 ? e->sender : str_of("<>"));
	trace_number(KEY_SIZE, m->header.n + (m->large != 0 ? m->large_size :
	    m->body.n));
	trace_number(KEY_RECIPIENTS, e->n_rcpts);
	put_address(KEY_CLIENT, &e->client);
	trace_text(KEY_HELO, e->helo);
	trace_text(KEY_ACCOUNT, e->account);
	trace_text(KEY_TLS, m->tls);
	if (e->not_before != 0)
		trace_number(KEY_NOT_BEFORE, e->not_before);
	trace_text(KEY_ROLE, str_of(role_name(role)));
	trace_rule(router_listener(&o));
	trace_end();
}

void
trace_refused(const struct msgid *id, const char *why)
{
	trace_begin(TRACE_REFUSED, id);
	trace_text(KEY_REPLY, str_of(why));
	trace_end();
}

void
trace_reported(const struct msgid *on, const struct msgid *report,
    size_t rcpts)
{
	if (trace_is_off())
		return;
	trace_begin(TRACE_REPORTED, on);
	trace_text(KEY_STATUS, str_of(report != NULL ? "stored" :
	    "not stored"));
	if (report != NULL)
		trace_text(KEY_REPORT, str_of(msgid_text(report)));
	trace_number(KEY_RECIPIENTS, rcpts);
	trace_end();
	if (report == NULL)
		return;
	trace_begin(TRACE_ARRIVED, report);
	trace_text(KEY_FROM, str_of("<>"));
	trace_text(KEY_ROLE, str_of(role_name(ROLE_QUEUED)));
	trace_text(KEY_REPORT, str_of(msgid_text(on)));
	trace_end();
}

void
trace_expanded(const struct msgid *id, struct str rcpt,
    const struct recipient *results, size_t n)
{
	if (trace_is_off())
		return;
	trace_begin(TRACE_EXPANDED, id);
	trace_text(KEY_TO, rcpt);
	trace_number(KEY_RECIPIENTS, n);
	trace_rule(router_rule(rcpt));
	for (size_t i = 0; i < n && i < RESULTS_NAMED; i++)
		trace_text(KEY_RESULT, results[i].address);
	trace_end();
}

void
trace_attempt(const struct outcome *o, const struct fate *f,
    const char *status)
{
	const struct rcpt_result	*r = &f->result;
	char				 name[ROUTE_NAME_MAX + 1];
	struct str			 via;

	if (trace_is_off())
		return;
	trace_begin(TRACE_ATTEMPT, &o->id);
	trace_text(KEY_TO, f->address);
	trace_text(KEY_STATUS, str_of(status));
	trace_text(KEY_CODE, r->code);
	trace_text(KEY_REPLY, r->reply);
	trace_text(KEY_HOST, o->result.host);
	put_address(KEY_ADDRESS, &o->result.address);
	trace_text(KEY_TLS, o->result.tls);
	trace_number(KEY_TOOK_MS, o->result.took_ms);
	trace_number(KEY_TRY, o->part->tries + 1u);
	if (f->kind == FATE_WAITING)
		trace_number(KEY_NEXT_TRY, o->next_utc);
	trace_text(KEY_ROUTE, route_name(o->part->route, name));
	via = override_of(&o->id, r->index);
	trace_text(KEY_VIA, via);
	if (via.n == 0)
		trace_rule(router_rule(f->address));
	trace_end();
}

void
trace_overridden(const struct msgid *id, struct str via, size_t rcpts)
{
	static const struct str	 normal = STR("normal");

	trace_begin(TRACE_OVERRIDDEN, id);
	trace_text(KEY_VIA, via.n != 0 ? via : normal);
	trace_number(KEY_RECIPIENTS, rcpts);
	trace_end();
}

void
trace_ended(const struct msgid *id, uint64_t age_s)
{
	trace_begin(TRACE_ENDED, id);
	trace_number(KEY_AGE, age_s);
	trace_end();
}
