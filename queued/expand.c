/*
 * From what the aliases say to what the client is told, and to the log.
 */
#include "expand.h"

#include "log.h"

#include "results.h"
#include "trace_mail.h"
#include "visit.h"

static const struct msgid	*message;	/* NULL: a question */
static const struct recipient	*expanded[RCPTS_MAX];
static size_t			 n_expanded;

static const struct {
	enum rcpt_verdict	 verdict;
	uint16_t		 code;
	struct str		 status, text;
} answers[VISITED_N] = {
	[VISIT_OK] = { .verdict = RCPT_OK },
	[VISIT_UNKNOWN] = { .verdict = RCPT_UNKNOWN },
	[VISIT_NO_RELAY] = { .verdict = RCPT_NO_RELAY },
	[VISIT_TEMPORARY] = { .verdict = RCPT_TEMPORARY },
	/* for whoever does not wait */
	[VISIT_WAIT] = { .verdict = RCPT_TEMPORARY },
	[VISIT_LOOP] = { RCPT_DENIED, 550, STR("5.4.6"),
	    STR("Its aliases lead back to it") },
	[VISIT_DEEP] = { RCPT_DENIED, 550, STR("5.4.6"),
	    STR("Too many aliases behind each other") },
	[VISIT_MANY] = { RCPT_DENIED, 550, STR("5.2.4"),
	    STR("Its aliases lead to too many addresses") },
};

/* An "error:" entry's own words. */
static void
refuse(struct rcpt_answer *a)
{
	const struct alias_refusal	*r = visit_refusal();

	*a = (struct rcpt_answer){
		.verdict = r->code < 500 ? RCPT_TEMPORARY : RCPT_DENIED,
		.code = (uint16_t)r->code,
		.status = r->status,
		.text = r->text,
	};
}

/* In the words of the next hop, if there are any. */
static void
quote(struct rcpt_answer *a, const struct verify_words *w)
{
	if (w->code == 0)
		return;
	a->code = (uint16_t)w->code;
	a->status = w->status;
	a->text = w->text;
}

/*
 * Too many together with those before it, which stay accepted (RFC 5321
 * 4.5.3.1.10): in a message of its own it may well be few enough.
 */
static void
put_off(struct rcpt_answer *a)
{
	*a = (struct rcpt_answer){ RCPT_TEMPORARY, 0, 452, STR("4.5.3"),
	    STR("Too many recipients") };
}

static void
answer(struct rcpt_answer *a, enum visited r, size_t results)
{
	*a = (struct rcpt_answer){
		.verdict = answers[r].verdict,
		.results = (uint16_t)results,
		.code = answers[r].code,
		.status = answers[r].status,
		.text = answers[r].text,
	};
}

/* The results are the last that were added. */
static void
tell_expanded(struct str rcpt, size_t results)
{
	const struct recipient	*list;
	size_t			 n = results_list(&list);

	log_info("alias id=%s rcpt=<%s> results=%zu", msgid_text(message),
	    log_text(rcpt), results);
	trace_expanded(message, rcpt, list + (n - results), results);
}

static void
log_end(const struct recipient *rcpt, enum visited r, size_t results,
    unsigned visits)
{
	if (r == VISIT_OK && visits > 1 && message != NULL)
		tell_expanded(rcpt->address, results);
	else if (r == VISIT_DEEP || r == VISIT_MANY)
		log_warn("alias rcpt=<%s> visits=%u: %.*s",
		    log_text(rcpt->address), visits,
		    STR_FMT(answers[r].text));
}

void
expand_begin(const struct msgid *id, bool may_relay)
{
	message = id;
	visit_begin(id, may_relay);
	results_reset();
	n_expanded = 0;
}

/*
 * RFC 3461 5.2.7.3: of an alias for several the sender is told that, in place
 * of each one's success.
 */
static void
note_expanded(const struct recipient *rcpt, size_t before)
{
	if (n_expanded == RCPTS_MAX)
		return;
	expanded[n_expanded++] = rcpt;
	results_no_success(before);
}

void
expand_rcpt(const struct recipient *rcpt, struct rcpt_answer *a)
{
	size_t		 before = results_count(), results;
	unsigned	 visits = visit_count();
	enum visited	 r = visit_rcpt(rcpt);

	if (r != VISIT_OK)
		results_truncate(before);
	results = results_count() - before;
	log_end(rcpt, r, results, visit_count() - visits);
	if (results > 1 && (rcpt->notify & NOTIFY_SUCCESS) != 0)
		note_expanded(rcpt, before);
	if (r == VISIT_REFUSED)
		refuse(a);
	else if (r == VISIT_MANY && visits != 0)
		put_off(a);
	else
		answer(a, r, results);
	if (r == VISIT_UNKNOWN || r == VISIT_TEMPORARY)
		quote(a, visit_words());
}

size_t
expand_results(const struct recipient **list)
{
	return results_list(list);
}

size_t
expand_expanded(const struct recipient *const **list)
{
	*list = expanded;
	return n_expanded;
}
