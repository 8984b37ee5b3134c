/*
 * The answer of a finished search for mail hosts.  Its lists lie in memory
 * of this file, as it is sent before the next one is made.
 */
#include "hosts.h"

#include <sodium.h>

#define FAMILIES	2

static struct hosts		 reply;
static struct mail_host		 hosts[HOSTS_MAX];
static struct host_address	 addresses[HOSTS_MAX][HOST_ADDRS_MAX];
static struct tlsa		 tlsas[HOSTS_MAX][TLSA_MAX];

const struct hosts *
hosts_reply_none(enum names_result result, enum dnssec dnssec,
    uint32_t ttl_s, struct str why)
{
	reply = (struct hosts){
		.result = result, .dnssec = dnssec, .ttl_s = ttl_s,
		.why = why,
	};
	return &reply;
}

static void
lower_ttl(const struct answer *a)
{
	uint32_t	 ttl_s = answer_ttl_s(a);

	if (ttl_s < reply.ttl_s)
		reply.ttl_s = ttl_s;
}

/* ---- addresses --------------------------------------------------------- */

/*
 * IPv6 and IPv4 in turn (RFC 8305 4), so that either family comes soon when
 * the other does not work; which address of a family is first is chance, as
 * a cached answer no longer comes in an order of its server's choice.
 */
static void
put_addresses(struct mail_host *h, struct host_address *list,
    const struct answer *const family[FAMILIES])
{
	static const int	 numbers[FAMILIES] = { 6, 4 };
	size_t			 start[FAMILIES] = { 0 }, most = 0, n = 0, at;
	const struct record	*r;

	for (int f = 0; f < FAMILIES; f++) {
		if (family[f]->n_records > most)
			most = family[f]->n_records;
		if (family[f]->n_records > 1)
			start[f] = randombytes_uniform(
			    (uint32_t)family[f]->n_records);
	}
	for (size_t i = 0; i < most; i++)
		for (int f = 0; f < FAMILIES; f++) {
			if (i >= family[f]->n_records || n == HOST_ADDRS_MAX)
				continue;
			at = (start[f] + i) % family[f]->n_records;
			r = &family[f]->records[at];
			netaddr_from_bytes(&list[n++].addr, numbers[f],
			    r->data.p);
		}
	h->addrs = list;
	h->n_addrs = n;
}

enum dnssec
hosts_addresses_dnssec(const struct hosts_target *t)
{
	const struct answer	*a = t->lookups[PART_A].answer;
	const struct answer	*b = t->lookups[PART_AAAA].answer;

	if (a->result == NAMES_FAILED && b->result != NAMES_FAILED)
		return b->dnssec;
	if (b->result == NAMES_FAILED && a->result != NAMES_FAILED)
		return a->dnssec;
	return a->dnssec < b->dnssec ? a->dnssec : b->dnssec;
}

static enum names_result
addresses_result(const struct answer *const family[FAMILIES], size_t n)
{
	if (n != 0)
		return NAMES_OK;
	for (int f = 0; f < FAMILIES; f++)
		if (family[f]->result == NAMES_FAILED)
			return NAMES_FAILED;
	return family[0]->result == NAMES_NO_DOMAIN ? NAMES_NO_DOMAIN :
	    NAMES_NONE;
}

/* ---- TLSA -------------------------------------------------------------- */

static void
put_tlsas(struct mail_host *h, struct tlsa *list, const struct answer *a)
{
	const struct record	*r;

	h->tlsa_result = NAMES_NONE;
	h->tlsa_dnssec = DNSSEC_INSECURE;
	if (a == NULL)		/* not asked: it could not count */
		return;
	h->tlsa_result = a->result;
	h->tlsa_dnssec = a->dnssec;
	lower_ttl(a);
	for (size_t i = 0; i < a->n_records && i < TLSA_MAX; i++) {
		r = &a->records[i];
		list[i] = (struct tlsa){
			r->usage, r->selector, r->matching, r->data
		};
		h->n_tlsas = i + 1;
	}
	h->tlsas = list;
}

/* ---- all together ------------------------------------------------------ */

static void
put_host(size_t i, const struct hosts_target *t)
{
	const struct answer	*family[FAMILIES] = {
		t->lookups[PART_AAAA].answer, t->lookups[PART_A].answer
	};
	struct mail_host	*h = &hosts[i];

	*h = (struct mail_host){
		.name = t->name, .preference = t->preference,
		.result = NAMES_OK, .dnssec = DNSSEC_INSECURE,
	};
	if (t->literal.family != 0) {
		addresses[i][0].addr = t->literal;
		h->addrs = addresses[i];
		h->n_addrs = 1;
	} else {
		put_addresses(h, addresses[i], family);
		h->result = addresses_result(family, h->n_addrs);
		h->dnssec = hosts_addresses_dnssec(t);
		lower_ttl(family[0]);
		lower_ttl(family[1]);
	}
	put_tlsas(h, tlsas[i], t->lookups[PART_TLSA].answer);
}

/* What a failed host's servers said, for people. */
static struct str
why_failed(const struct hosts_target *t)
{
	const struct answer	*a = t->lookups[PART_A].answer;

	if (a->result != NAMES_FAILED)
		a = t->lookups[PART_AAAA].answer;
	return a->why;
}

/* No host has an address: whether that may pass, and why. */
static void
set_no_address(const struct hosts_job *j)
{
	reply.result = j->n_targets == 1 && !j->mx ? hosts[0].result :
	    NAMES_NONE;
	reply.why = str_of("no mail host of the domain has an address");
	if (j->mx_answer == NULL || j->mx_answer->n_records == 0)
		reply.why = str_of("the host has no address");
	for (size_t i = 0; i < j->n_targets; i++)
		if (hosts[i].result == NAMES_FAILED) {
			reply.result = NAMES_FAILED;
			reply.why = why_failed(&j->targets[i]);
			break;
		}
}

const struct hosts *
hosts_reply(const struct hosts_job *j)
{
	size_t	 n = 0;

	reply = (struct hosts){
		.result = NAMES_OK, .ttl_s = ANSWER_TTL_MAX_S, .hosts = hosts,
	};
	if (j->mx_answer != NULL)
		lower_ttl(j->mx_answer);
	for (size_t i = 0; i < j->n_targets; i++) {
		put_host(n, &j->targets[i]);
		if (hosts[n].n_addrs != 0)
			n++;
	}
	reply.n_hosts = n;
	if (n == 0) {
		for (size_t i = 0; i < j->n_targets; i++)
			put_host(i, &j->targets[i]);
		reply.n_hosts = j->n_targets;
		set_no_address(j);
	}
	reply.dnssec = j->mx_answer != NULL ? j->mx_answer->dnssec :
	    hosts[0].dnssec;
	return &reply;
}
