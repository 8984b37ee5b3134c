/*
 * Records of one name: asked, and turned into what the message holds.
 */
#include "name.h"

static const enum dns_type	dns_types[NAME_TYPE_N] = {
	[NAME_A] = DNS_A, [NAME_AAAA] = DNS_AAAA, [NAME_MX] = DNS_MX,
	[NAME_PTR] = DNS_PTR, [NAME_TXT] = DNS_TXT,
};

void
name_clear(struct name_job *j)
{
	lookup_cancel(&j->wait);
	answer_unref(&j->answer);
}

/* Addresses as text, in the caller's memory; the rest is what it is. */
static struct str
print_record(enum name_type type, const struct record *r,
    char text[NETADDR_TEXT_MAX])
{
	struct netaddr	 a;

	if (type != NAME_A && type != NAME_AAAA)
		return r->data;
	netaddr_from_bytes(&a, type == NAME_A ? 4 : 6, r->data.p);
	return str_of(netaddr_print(&a, text));
}

static void
finish(struct name_job *j)
{
	static struct name_record	 list[NAME_RECORDS_MAX];
	static char			 texts[NAME_RECORDS_MAX]
					    [NETADDR_TEXT_MAX];
	const struct answer		*a = j->answer;
	struct name			 m = {
		.result = a->result, .dnssec = a->dnssec,
		.ttl_s = answer_ttl_s(a), .records = list,
	};

	for (size_t i = 0; i < a->n_records && i < NAME_RECORDS_MAX; i++) {
		list[i].preference = a->records[i].preference;
		list[i].data = print_record(j->type, &a->records[i],
		    texts[i]);
		m.n_records = i + 1;
	}
	j->done(j, &m);
}

static void
on_answer(void *arg, struct answer *a)
{
	struct name_job	*j = arg;

	j->answer = answer_ref(a);
	finish(j);
}

static int
question_for(const struct name_ask *ask, struct question *q)
{
	struct netaddr	 a;

	if (ask->type == NAME_PTR && netaddr_parse(&a, ask->name) == 0)
		return question_reverse(q, &a);
	return question_of(q, dns_types[ask->type], ask->name);
}

void
name_start(struct name_job *j, const struct name_ask *ask,
    void (*done)(struct name_job *, const struct name *))
{
	struct question	 q;

	*j = (struct name_job){
		.done = done, .type = ask->type,
		.wait = { .answered = on_answer, .arg = j },
	};
	if (question_for(ask, &q) == -1)
		j->answer = answer_none(NAMES_NO_DOMAIN, DNSSEC_INSECURE, 0,
		    NULL);
	else
		j->answer = lookup(&q, &j->wait);
	if (j->answer != NULL)
		finish(j);
}
