/*
 * Outcomes and results.  Most mails end with one reply for all recipients,
 * so words are stored once and shared.
 */
#include "result.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "header.h"
#include "log.h"

struct result_words {
	struct result_words	*next;
	char			 code[SMTP_ENHANCED_MAX];
	size_t			 n;
	char			 text[];
};

/* Escapes text into the outcome's own memory. */
static void
put_text(struct outcome *o, struct str text)
{
	static struct buf	safe = BUF_INIT(REPLY_TEXT_MAX);

	buf_reset(&safe);
	header_put_safe(&safe, text, sizeof(o->text));
	o->n = safe.len;
	if (safe.len != 0)
		memcpy(o->text, buf_data(&safe), safe.len);
}

void
outcome_say(struct outcome *o, enum rcpt_status status, const char *code,
    const char *fmt, ...)
{
	char	text[REPLY_TEXT_MAX];
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n >= sizeof(text))
		n = (int)sizeof(text) - 1;
	o->status = status;
	o->reply_code = 0;
	snprintf(o->code, sizeof(o->code), "%s", code);
	put_text(o, str_bytes(text, (size_t)n));
}

void
outcome_reply(struct outcome *o, const struct smtp_reply *r)
{
	o->reply_code = r->status.code;
	o->status = RCPT_FAILED;
	if (r->status.code / 100 == 2)
		o->status = RCPT_DELIVERED;
	else if (r->status.code / 100 == 4)
		o->status = RCPT_DEFERRED;
	smtp_enhanced_print(&r->status, o->code);
	put_text(o, buf_str(&r->text));
}

void
outcome_soften(struct outcome *o)
{
	if (o->status != RCPT_FAILED)
		return;
	o->status = RCPT_DEFERRED;
	o->code[0] = '4';
}

struct result *
result_new(const struct job *job)
{
	struct result	*r;

	r = malloc(sizeof(*r) + job->n_rcpts * sizeof(r->rcpts[0]));
	if (r == NULL)
		return NULL;
	*r = (struct result){
		.by_job.number = job->job,
		.began_ms = clock_ms(),
		.id = job->id,
		.n_rcpts = job->n_rcpts,
	};
	for (size_t i = 0; i < r->n_rcpts; i++)
		r->rcpts[i] = (struct rcpt_result){
			.index = job->rcpts[i].index,
			.status = RCPT_RETURNED,
		};
	return r;
}

void
result_free(struct result *r)
{
	struct result_words	*w;

	if (r == NULL)
		return;
	while ((w = r->words) != NULL) {
		r->words = w->next;
		free(w);
	}
	free(r);
}

void
result_host(struct result *r, struct str host, const struct netaddr *addr)
{
	r->n_host = host.n < sizeof(r->host) ? host.n : sizeof(r->host);
	if (r->n_host != 0)
		memcpy(r->host, host.p, r->n_host);
	r->address = *addr;
	r->began_ms = clock_ms();
}

void
result_tls(struct result *r, struct str verdict)
{
	r->n_tls = verdict.n < sizeof(r->tls) ? verdict.n : sizeof(r->tls);
	if (r->n_tls != 0)
		memcpy(r->tls, verdict.p, r->n_tls);
}

/* NULL without memory: the fate then goes without its text. */
static const struct result_words *
words_new(struct result *r, const struct outcome *o)
{
	struct result_words	*w = malloc(sizeof(*w) + o->n);

	r->took_ms = (uint32_t)(clock_ms() - r->began_ms);
	if (w == NULL)
		return NULL;
	w->next = r->words;
	r->words = w;
	memcpy(w->code, o->code, sizeof(w->code));
	w->n = o->n;
	memcpy(w->text, o->text, o->n);
	return w;
}

static void
set(struct rcpt_result *rcpt, const struct outcome *o,
    const struct result_words *w)
{
	static const char	none[] = "";

	rcpt->status = o->status;
	rcpt->reply_code = o->reply_code;
	rcpt->code = str_of(w != NULL ? w->code : none);
	rcpt->reply = w != NULL ? str_bytes(w->text, w->n) : STR_NONE;
}

void
result_set(struct result *r, size_t i, const struct outcome *o)
{
	set(&r->rcpts[i], o, words_new(r, o));
}

void
result_set_rest(struct result *r, size_t n, const struct outcome *o)
{
	const struct result_words	*w = NULL;

	for (size_t i = 0; i < n && i < r->n_rcpts; i++) {
		if (result_is_said(r, i))
			continue;
		if (w == NULL)
			w = words_new(r, o);
		set(&r->rcpts[i], o, w);
	}
}

bool
result_is_said(const struct result *r, size_t i)
{
	return r->rcpts[i].code.p != NULL;
}

void
result_message(const struct result *r, struct job_result *m)
{
	*m = (struct job_result){
		.dsn = r->dsn,
		.job = r->by_job.number,
		.host = str_bytes(r->host, r->n_host),
		.address = r->address,
		.tls = str_bytes(r->tls, r->n_tls),
		.took_ms = r->took_ms,
		.rcpts = r->rcpts,
		.n_rcpts = r->n_rcpts,
	};
}
