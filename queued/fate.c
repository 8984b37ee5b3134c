/*
 * Time and results in, decisions and log lines out.
 */
#include "fate.h"

#include <sodium.h>

#include "clock.h"
#include "log.h"
#include "proc.h"

#include "later.h"
#include "retry.h"
#include "schedule.h"
#include "trace_mail.h"

static struct retry
retry_of(const struct part *p)
{
	const struct route_spec	*s = &p->route->spec;
	struct retry		 r = { s->retry_min_s, s->retry_max_s,
	    s->expire_s };

	if (p->mail->flags & MAIL_NULL)
		r.expire_s = proc_conf()->bounce_expire_s;
	return r;
}

static struct age
age_of(const struct mail *m)
{
	struct age	 a = {
		.arrived = m->arrived,
		.wall = (uint64_t)clock_wall(),
		.here = schedule_now() - m->seen_s,
		.found = m->seen_s == 0,
	};

	later_age(&m->id, &a);
	return a;
}

bool
fate_is_expired(const struct part *p)
{
	struct retry	 r = retry_of(p);
	struct age	 a = age_of(p->mail);

	return retry_is_expired(&r, &a);
}

uint64_t
fate_age(const struct mail *m)
{
	uint64_t	 now = (uint64_t)clock_wall();

	return now > m->arrived ? now - m->arrived : 0;
}

/* How long until the next try after that one; result: of the remote. */
static uint32_t
wait_for(const struct part *p, const struct rcpt_result *result)
{
	uint32_t	 delay = fate_delay(p, p->tries + 1u);

	if (result == NULL || result->reply_code == 0)
		return delay;
	if (delay > GREYLIST_S && retry_is_greylisted(p->tries,
	    result->reply_code, result->code.p, (unsigned)result->code.n))
		delay = GREYLIST_S;
	return retry_sooner(delay, p->tries + 1u, result->reply.p,
	    result->reply.n);
}

void
fate_wait(struct outcome *o, const struct rcpt_result *result)
{
	struct retry	 r = retry_of(o->part);
	struct age	 a = age_of(o->part->mail);
	uint32_t	 delay;

	delay = retry_clamp(&r, &a, wait_for(o->part, result));
	if (o->due_s != 0 && schedule_now() + delay > o->due_s)
		return;
	o->due_s = schedule_now() + delay;
	o->next_utc = a.wall + delay;
}

uint32_t
fate_delay(const struct part *p, unsigned tries)
{
	struct retry	 r = retry_of(p);

	return retry_delay(&r, tries, randombytes_random());
}

uint64_t
fate_until(const struct part *p)
{
	return age_of(p->mail).arrived + retry_of(p).expire_s;
}

/* ---- decisions --------------------------------------------------------- */

static const char *
status_word(const struct fate *f)
{
	switch (f->kind) {
	case FATE_WAITING:
		return "deferred";
	case FATE_FAILED:
		return "failed";
	default:
		return f->result.status == RCPT_FAILED ? "failed" :
		    f->result.status == RCPT_DEFERRED ? "deferred" :
		    "delivered";
	}
}

static void
log_fate(const struct outcome *o, const struct fate *f)
{
	const struct mail	*m = o->part->mail;
	const struct rcpt_result *r = &f->result;
	const char		*quote = o->result.tls.n != 0 ? "\"" : "";
	char			 address[NETADDR_TEXT_MAX];

	trace_attempt(o, f, status_word(f));
	log_info("deliver id=%s rcpt=<%s> status=%s code=%s reply=\"%s\" "
	    "host=%s[%s] tls=%s%s%s delay=%llus try=%u", msgid_text(&m->id),
	    log_text(f->address), status_word(f), log_text(r->code),
	    log_text(r->reply), log_text(o->result.host),
	    netaddr_print(&o->result.address, address),
	    quote, o->result.tls.n != 0 ? log_text(o->result.tls) : "none",
	    quote,
	    (unsigned long long)fate_age(m), o->part->tries + 1u);
}

static void
add_item(struct outcome *o, const struct fate *f, enum bounce_action action)
{
	o->items[o->n_items++] = (struct report_item){
		.index = f->result.index, .action = action,
		.status = f->result.code, .reply_code = f->result.reply_code,
		.reply = f->result.reply, .host = o->result.host,
	};
}

bool
fate_may_report(const struct mail *m)
{
	return (m->flags & MAIL_UNVERIFIED) == 0 ||
	    proc_conf()->unverified == UNVERIFIED_REPORT;
}

/* Not within its time: what kept it stands behind our own words. */
static void
give_up(struct outcome *o, struct fate *f)
{
	static const struct str	 words = STR("not delivered in its time; ");
	struct buf		 b = BUF_INIT(REPLY_TEXT_MAX);
	struct str		 last = f->result.reply;

	if (last.n > REPLY_TEXT_MAX - words.n)
		last.n = REPLY_TEXT_MAX - words.n;
	buf_put_str(&b, words);
	buf_put_str(&b, last);
	f->result.reply = arena_str(&o->arena, buf_str(&b));
	f->result.reply_code = 0;
	f->result.code = (struct str)STR("5.4.7");	/* RFC 3463 3.5 */
	f->kind = FATE_FAILED;
	buf_clear(&b);
}

static void
decide_deferred(struct outcome *o, struct fate *f)
{
	const struct conf	*conf = proc_conf();
	struct part		*p = o->part;
	struct age		 age = age_of(p->mail);

	if (fate_is_expired(p)) {
		give_up(o, f);
		return;
	}
	f->kind = FATE_WAITING;
	fate_wait(o, &f->result);
	if (conf->delay_warning_s != 0 &&
	    retry_is_older(&age, conf->delay_warning_s) &&
	    (p->mail->flags & (MAIL_WARNED | MAIL_NULL)) == 0 &&
	    fate_may_report(p->mail)) {
		o->warns = true;
		add_item(o, f, BOUNCE_DELAYED);
	}
}

/*
 * RFC 3461 5.2.2 and 6.2: a server that reports takes it over, whatever it
 * does with the mail; to one that does not the mail is relayed.
 */
static void
decide_delivered(struct outcome *o, const struct fate *f)
{
	if ((f->notify & NOTIFY_SUCCESS) == 0 || o->result.dsn ||
	    !fate_may_report(o->part->mail))
		return;
	add_item(o, f, o->part->route->spec.transport == TRANSPORT_SMTP ?
	    BOUNCE_RELAYED : BOUNCE_DELIVERED);
}

/* Whether a hold would keep others from being served. */
static bool
others_wait(const struct outcome *o)
{
	const struct part	*p = o->part;

	if (fate_is_expired(p))
		return false;	/* they have had their time as well */
	if (p->n > o->n)
		return true;
	/* those that were refused wait for the hold, as these do */
	for (const struct part *q = p->mail->parts; q != NULL; q = q->next)
		if (q != p && (!q->refused || q->state != PART_DEFERRED))
			return true;
	for (size_t i = 0; i < o->n; i++)
		if (o->fates[i].result.status != RCPT_DELIVERED &&
		    o->fates[i].result.status != RCPT_FAILED)
			return true;
	return false;
}

/*
 * Whom the sender's address belongs to has nothing to do with it, perhaps.
 * A hold is of the whole message, so it comes last.
 */
static void
decide_unverified(struct outcome *o, struct fate *f)
{
	if (proc_conf()->unverified == UNVERIFIED_DISCARD) {
		log_warn("undeliverable id=%s rcpt=<%s>: its sender is not "
		    "verified; discarded", msgid_text(&o->id),
		    log_text(f->address));
		f->kind = FATE_DONE;
		return;
	}
	o->holds = !others_wait(o);
	log_warn("undeliverable id=%s rcpt=<%s>: its sender is not verified; "
	    "%s", msgid_text(&o->id), log_text(f->address), o->holds ?
	    "held" : "kept until the others are served");
	f->kind = FATE_WAITING;
	fate_wait(o, NULL);
}

static void
decide_failed(struct outcome *o, struct fate *f)
{
	if (o->part->mail->flags & MAIL_NULL)
		log_error("undeliverable id=%s rcpt=<%s>: from <>, so there is "
		    "nobody to tell; dropped", msgid_text(&o->id),
		    log_text(f->address));
	else if (fate_may_report(o->part->mail))
		add_item(o, f, BOUNCE_FAILED);
	else if ((o->part->mail->flags & MAIL_REMOVED) == 0)
		decide_unverified(o, f);
}

void
fate_decide(struct outcome *o, struct fate *f)
{
	switch (f->result.status) {
	case RCPT_DELIVERED:
		f->kind = FATE_DONE;
		decide_delivered(o, f);
		break;
	case RCPT_FAILED:
		f->kind = FATE_FAILED;
		break;
	case RCPT_DEFERRED:
		if (o->part->mail->flags & MAIL_REMOVED)
			f->kind = FATE_DONE;
		else
			decide_deferred(o, f);
		break;
	default:
		f->kind = o->part->mail->flags & MAIL_REMOVED ? FATE_DONE :
		    FATE_RETURNED;
		return;
	}
	log_fate(o, f);
	if (f->kind == FATE_FAILED)
		decide_failed(o, f);
}
