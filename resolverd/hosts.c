/*
 * Finding mail hosts: first MX, then the addresses of all hosts at once,
 * then TLSA for those hosts for which it counts.  Owns the job's memory;
 * which hosts these are is chosen in hosts_pick.c, and the answer is put
 * together in hosts_reply.c.
 */
#include "hosts.h"

#include <stdlib.h>
#include <string.h>

#include "domain.h"

static void	 on_lookup(void *, struct answer *);
static void	 set_deadline(struct hosts_job *);

void
hosts_clear(struct hosts_job *j)
{
	if (j->timed)
		event_del(&j->deadline);
	j->timed = false;
	for (size_t i = 0; i < j->n_targets; i++)
		for (int part = 0; part < PART_N; part++) {
			lookup_cancel(&j->targets[i].lookups[part].wait);
			answer_unref(&j->targets[i].lookups[part].answer);
		}
	free(j->targets);
	j->targets = NULL;
	j->n_targets = 0;
	lookup_cancel(&j->wait);
	answer_unref(&j->mx_answer);
}

static void
finish_none(struct hosts_job *j, enum names_result result,
    enum dnssec dnssec, const char *why)
{
	j->done(j, hosts_reply_none(result, dnssec, 0, str_of(why)));
}

static void
finish(struct hosts_job *j)
{
	j->done(j, hosts_reply(j));
}

/* ---- one question about a host ----------------------------------------- */

static int
question_for(const struct hosts_lookup *l, struct question *q)
{
	const struct hosts_target	*t = l->target;

	switch (l->part) {
	case PART_A:
		return question_of(q, DNS_A, t->name);
	case PART_AAAA:
		return question_of(q, DNS_AAAA, t->name);
	default:
		return question_tlsa(q, t->name, t->job->port);
	}
}

/* The answer is in the lookup at once, or the job has one more pending. */
static void
ask(struct hosts_lookup *l)
{
	struct hosts_job	*j = l->target->job;
	struct question		 q;

	if (question_for(l, &q) == -1) {
		l->answer = answer_none(NAMES_NO_DOMAIN, DNSSEC_INSECURE, 0,
		    NULL);
		return;
	}
	if (j->questions >= HOSTS_QUESTIONS_MAX) {
		l->answer = answer_none(NAMES_FAILED, DNSSEC_FAILED, 0,
		    "too many questions for one domain");
		return;
	}
	l->wait.answered = on_lookup;
	l->wait.arg = l;
	if ((l->answer = lookup(&q, &l->wait)) == NULL) {
		j->questions++;
		j->pending++;
	}
}

/*
 * RFC 7672 2.2: TLSA counts only where the MX records and the addresses are
 * secure, and servers that would choke on the question are in zones that
 * are not.  So it is asked last, and not at all elsewhere.
 */
static bool
wants_tlsa(const struct hosts_target *t)
{
	const struct hosts_job	*j = t->job;

	return j->tlsa && t->lookups[PART_TLSA].answer == NULL &&
	    t->lookups[PART_A].answer != NULL &&
	    t->lookups[PART_AAAA].answer != NULL &&
	    (!j->mx || j->mx_answer->dnssec == DNSSEC_SECURE) &&
	    hosts_addresses_dnssec(t) == DNSSEC_SECURE;
}

static void
ask_tlsa(struct hosts_target *t)
{
	if (wants_tlsa(t))
		ask(&t->lookups[PART_TLSA]);
}

static void
on_lookup(void *arg, struct answer *a)
{
	struct hosts_lookup	*l = arg;
	struct hosts_job	*j = l->target->job;

	l->answer = answer_ref(a);
	j->pending--;
	if (l->part != PART_TLSA)
		ask_tlsa(l->target);
	if (j->pending == 0)
		finish(j);
}

static void
ask_all(struct hosts_job *j)
{
	for (size_t i = 0; i < j->n_targets; i++) {
		if (j->targets[i].literal.family != 0)
			continue;
		ask(&j->targets[i].lookups[PART_A]);
		ask(&j->targets[i].lookups[PART_AAAA]);
		ask_tlsa(&j->targets[i]);
	}
	if (j->pending == 0)
		finish(j);
	else
		set_deadline(j);
}

/* ---- the deadline ------------------------------------------------------ */

static struct answer *
too_late(void)
{
	return answer_none(NAMES_FAILED, DNSSEC_FAILED, 0,
	    "no name server answers in time");
}

/* What has not come has failed; TLSA as well where it was still to be asked,
 * or who can delay an answer could switch DANE off. */
static void
give_up(struct hosts_target *t)
{
	struct hosts_lookup	*l;

	for (int part = 0; part < PART_N; part++) {
		l = &t->lookups[part];
		if (l->wait.lookup == NULL)
			continue;
		lookup_cancel(&l->wait);
		l->answer = too_late();
	}
	if (t->literal.family == 0 && wants_tlsa(t))
		t->lookups[PART_TLSA].answer = too_late();
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct hosts_job	*j = arg;

	(void)fd, (void)what;
	if (j->mx && j->mx_answer == NULL) {
		lookup_cancel(&j->wait);
		finish_none(j, NAMES_FAILED, DNSSEC_FAILED,
		    "no name server answers in time");
		return;
	}
	for (size_t i = 0; i < j->n_targets; i++)
		give_up(&j->targets[i]);
	j->pending = 0;
	finish(j);
}

/* Set with the first question that has to wait. */
static void
set_deadline(struct hosts_job *j)
{
	if (!j->timed)
		lookup_deadline(&j->deadline, on_deadline, j);
	j->timed = true;
}

/* ---- the hosts --------------------------------------------------------- */

/* The domain itself: as a host, or without MX records (RFC 5321 5.1). */
static void
ask_itself(struct hosts_job *j)
{
	if (hosts_pick_itself(j) == -1)
		finish_none(j, NAMES_FAILED, DNSSEC_FAILED, "out of memory");
	else
		ask_all(j);
}

/* RFC 7505 3: one record, of the root, and no other beside it */
static bool
is_null_mx(const struct answer *a)
{
	return a->n_records == 1 &&
	    str_equal(a->records[0].data, str_of("."));
}

static void
got_records(struct hosts_job *j)
{
	const struct answer	*a = j->mx_answer;

	if (is_null_mx(a)) {
		finish_none(j, NAMES_NULL_MX, a->dnssec,
		    "the domain takes no mail");
		return;
	}
	if (hosts_pick_mx(j) == -1)
		finish_none(j, NAMES_FAILED, DNSSEC_FAILED, "out of memory");
	else if (j->n_targets == 0)
		finish_none(j, NAMES_NONE, a->dnssec,
		    "the domain's MX records name no host");
	else
		ask_all(j);
}

/* The answer to MX is in mx_answer. */
static void
got_mx(struct hosts_job *j)
{
	const struct answer	*a = j->mx_answer;

	switch (a->result) {
	case NAMES_OK:
		got_records(j);
		break;
	case NAMES_NONE:
		ask_itself(j);
		break;
	default:
		j->done(j, hosts_reply_none(a->result, a->dnssec,
		    answer_ttl_s(a), a->why));
		break;
	}
}

static void
on_mx(void *arg, struct answer *a)
{
	struct hosts_job	*j = arg;

	j->mx_answer = answer_ref(a);
	got_mx(j);
}

/* ---- the ask ----------------------------------------------------------- */

static void
ask_mx(struct hosts_job *j)
{
	struct question	 q;

	if (question_of(&q, DNS_MX, j->name) == -1) {
		finish_none(j, NAMES_NO_DOMAIN, DNSSEC_INSECURE,
		    "not a domain name");
		return;
	}
	j->wait = (struct lookup_wait){ .answered = on_mx, .arg = j };
	j->questions = 1;
	if ((j->mx_answer = lookup(&q, &j->wait)) != NULL)
		got_mx(j);
	else
		set_deadline(j);
}

/* "[192.0.2.1]", and a bare address where only a host can be meant */
static bool
is_literal(const struct hosts_job *j, struct netaddr *a)
{
	return domain_literal_parse(j->name, a) == 0 ||
	    (!j->mx && netaddr_parse(a, j->name) == 0);
}

static void
answer_literal(struct hosts_job *j, const struct netaddr *a)
{
	j->mx = false;
	if (hosts_pick_itself(j) == -1) {
		finish_none(j, NAMES_FAILED, DNSSEC_FAILED, "out of memory");
		return;
	}
	j->targets[0].literal = *a;
	finish(j);
}

void
hosts_start(struct hosts_job *j, const struct hosts_ask *ask,
    void (*done)(struct hosts_job *, const struct hosts *))
{
	struct netaddr	 literal;

	*j = (struct hosts_job){
		.mx = ask->mx, .tlsa = ask->tlsa, .port = ask->port,
		.done = done,
	};
	j->name = str_bytes(j->name_store, ask->name.n);
	if (ask->name.n != 0)
		memcpy(j->name_store, ask->name.p, ask->name.n);
	if (is_literal(j, &literal))
		answer_literal(j, &literal);
	else if (j->mx)
		ask_mx(j);
	else
		ask_itself(j);
}
