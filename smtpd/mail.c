/*
 * The transaction's memory: one text that holds all names and addresses, and
 * an array of which parts of it are recipients.  Both stay from one message
 * to the next as long as they are small.
 */
#include "mail.h"

#include <stdlib.h>

#include "session.h"

int
mail_keep(struct session *s, struct str text, struct span *span)
{
	*span = (struct span){ (uint32_t)s->text.len, (uint32_t)text.n };
	if (buf_put_str(&s->text, text) == 0)
		return 0;
	s->text.failed = false;		/* it is as it was before */
	return -1;
}

struct str
mail_text(const struct session *s, struct span span)
{
	return str_bytes(span.len != 0 ? buf_data(&s->text) + span.at : NULL,
	    span.len);
}

struct str
mail_rcpt(const struct session *s, size_t i)
{
	const struct rcpt	*r = &s->mail.rcpts[i];

	return mail_text(s, (struct span){ r->at, r->address_len });
}

void
mail_recipient(const struct session *s, size_t i, struct recipient *to)
{
	const struct rcpt	*r = &s->mail.rcpts[i];
	uint32_t		 at = r->at + r->address_len;

	to->address = mail_rcpt(s, i);
	to->orcpt_type = mail_text(s, (struct span){ at, r->type_len });
	to->orcpt = mail_text(s, (struct span){ at + r->type_len,
	    r->orcpt_len });
	to->notify = r->notify;
}

struct str
mail_helo(const struct session *s)
{
	return mail_text(s, (struct span){ 0, (uint32_t)s->helo_len });
}

/* A large envelope's memory is not kept for the next, mostly small, one. */
static void
trim(struct session *s)
{
	struct buf	 small = BUF_INIT(ENVELOPE_TEXT_MAX);

	buf_truncate(&s->text, s->helo_len);
	if (s->text.size > KEEP_MAX &&
	    buf_put_str(&small, buf_str(&s->text)) == 0) {
		buf_clear(&s->text);
		s->text = small;
	}
	if (s->mail.size * sizeof(*s->mail.rcpts) > KEEP_MAX) {
		free(s->mail.rcpts);
		s->mail.rcpts = NULL;
		s->mail.size = 0;
	}
}

void
envelope_reset(struct session *s)
{
	struct mail	*m = &s->mail;

	body_reset(&s->body);
	budget_hold(&s->share, 0);
	trim(s);
	*m = (struct mail){ .rcpts = m->rcpts, .size = m->size };
	s->commit = (struct commit){ 0 };
	if (s->phase != PHASE_GREETING)
		s->phase = PHASE_READY;
}
