/*
 * What replies mean to the SMTP client: one table, by what the reply answers
 * and by its first digit.  An action notes what became of recipients and
 * jobs, or ends the conversation; what is said next is not its business,
 * except where the server has asked for it.
 */
#include "client_impl.h"

#include "log.h"

/* No mail for this host now, or ever: its owner decides what that means. */
static void
hear_refusal(struct smtp_client *c)
{
	outcome_reply(&c->why, &c->reply);
	client_end(c, CLIENT_REFUSED);
}

static void
hear_greeting(struct smtp_client *c)
{
	client_send_hello(c, true);
}

static void
hear_capabilities(struct smtp_client *c)
{
	smtp_caps_parse(&c->caps, buf_str(&c->reply.text));
	client_hello_done(c);
}

static void
hear_no_ehlo(struct smtp_client *c)
{
	/* RFC 5321 3.2: a server that does not know EHLO */
	if (client_is_lmtp(c))
		hear_refusal(c);
	else
		client_send_hello(c, false);
}

static void
hear_hello(struct smtp_client *c)
{
	c->caps = (struct smtp_caps){ .flags = 0 };
	client_hello_done(c);
}


static void
hear_nothing(struct smtp_client *c)
{
	(void)c;
}

static void
hear_nonsense(struct smtp_client *c)
{
	client_fail(c, "4.5.0", "reply %u makes no sense here",
	    c->reply.status.code);
}

static void
hear_sender_ok(struct smtp_client *c)
{
	c->answered = true;
}

static void
hear_sender_refused(struct smtp_client *c)
{
	struct outcome	 o;

	c->answered = true;
	c->sender_refused = true;
	outcome_reply(&o, &c->reply);
	result_set_rest(c->task->result, c->task->n_asked, &o);
}

static struct task_rcpt *
rcpt_heard(struct smtp_client *c, size_t *i)
{
	*i = c->to_hear;
	c->to_hear = client_next_rcpt(c, *i + 1);
	return &c->task->rcpts[*i];
}

/* A question has its answer, where a mail would go on with DATA. */
static void
end_question(struct smtp_client *c)
{
	struct outcome	 o;

	outcome_reply(&o, &c->reply);
	result_set_rest(c->task->result, c->task->n_asked, &o);
	c->needs_rset = !client_has_said_all(c);
	client_finish_task(c);
}

static void
hear_rcpt_ok(struct smtp_client *c)
{
	size_t			 i;
	struct task_rcpt	*r = rcpt_heard(c, &i);

	/* after a refused MAIL this says nothing */
	if (!c->sender_refused) {
		r->state = RCPT_ACCEPTED;
		c->n_accepted++;
	}
	if (c->task->question != NULL)
		end_question(c);
}

static void
refuse_rcpt(struct smtp_client *c, size_t i)
{
	struct outcome	 o;

	c->task->rcpts[i].state = RCPT_REFUSED;
	outcome_reply(&o, &c->reply);
	/* RFC 5321 4.5.3.1.10: too many recipients, said the old way */
	if (o.reply_code == 552)
		outcome_soften(&o);
	result_set(c->task->result, i, &o);
}

static void
hear_rcpt_refused(struct smtp_client *c)
{
	size_t	 i;

	rcpt_heard(c, &i);
	if (!c->sender_refused)
		refuse_rcpt(c, i);
	if (c->task->question != NULL)
		end_question(c);
}

static void
hear_go_ahead(struct smtp_client *c)
{
	if (c->n_accepted > 0) {
		client_content_begin(c);
		return;
	}
	/*
	 * RFC 2920 3.1: DATA went out with RCPTs of which none was taken, and
	 * this server wants a message all the same.  It gets an empty one,
	 * which is for nobody.  How many replies that has in LMTP, nobody
	 * knows (RFC 2033 4.2 has it refuse).
	 */
	if (client_is_lmtp(c)) {
		client_finish_task(c);
		client_fail(c, "4.5.0", "DATA taken for no recipient");
		return;
	}
	if (io_write(c->io, str_of(".\r\n")) == -1) {
		client_fail(c, "4.4.2", "cannot write to the connection");
		return;
	}
	client_expect(c, STAGE_END);
	client_finish_task(c);
}

static void
hear_data_refused(struct smtp_client *c)
{
	struct outcome	 o;

	outcome_reply(&o, &c->reply);
	/* refused recipients have their own words, accepted ones get these */
	result_set_rest(c->task->result, c->task->n_asked, &o);
	c->needs_rset = true;
	client_finish_task(c);
}

/* RFC 2033 4.2: a reply for each that was accepted.  True: the last one. */
static bool
hear_end_of_one(struct smtp_client *c, const struct outcome *o)
{
	struct task	*t = c->sent;

	result_set(t->result, c->sent_to_hear, o);
	c->sent_to_hear = client_next_accepted(t, c->sent_to_hear + 1);
	return c->sent_to_hear == t->n_asked;
}

static void
hear_end(struct smtp_client *c)
{
	struct outcome	 o;
	struct task	*t = c->sent;

	if (t == NULL)		/* the empty one, for nobody */
		return;
	outcome_reply(&o, &c->reply);
	if (client_is_lmtp(c) && !hear_end_of_one(c, &o))
		return;
	result_set_rest(t->result, t->n_asked, &o);
	c->sent = NULL;
	c->ops->finished(c->owner, t, true);
}

static void
hear_goodbye(struct smtp_client *c)
{
	outcome_reply(&c->why, &c->reply);
	client_end(c, CLIENT_LEFT);
}

/* by stage and the first digit of the reply, 2 to 5 */
static void	(*const actions[STAGE_N][4])(struct smtp_client *) = {
	[STAGE_GREETING] = { hear_greeting, hear_nonsense,
	    hear_refusal, hear_refusal },
	[STAGE_STARTTLS] = { client_tls_start, hear_nonsense,
	    client_tls_refused, client_tls_refused },
	[STAGE_HANDSHAKE] = { hear_nonsense, hear_nonsense,
	    hear_nonsense, hear_nonsense },
	[STAGE_AUTH] = { client_hear_auth_ok, client_hear_auth_more,
	    client_hear_auth_refused, client_hear_auth_refused },
	[STAGE_EHLO] = { hear_capabilities, hear_nonsense,
	    hear_refusal, hear_no_ehlo },
	[STAGE_HELO] = { hear_hello, hear_nonsense,
	    hear_refusal, hear_refusal },
	[STAGE_RSET] = { hear_nothing, hear_nonsense,
	    hear_nothing, hear_nonsense },
	[STAGE_MAIL] = { hear_sender_ok, hear_nonsense,
	    hear_sender_refused, hear_sender_refused },
	[STAGE_RCPT] = { hear_rcpt_ok, hear_nonsense,
	    hear_rcpt_refused, hear_rcpt_refused },
	[STAGE_DATA] = { hear_nonsense, hear_go_ahead,
	    hear_data_refused, hear_data_refused },
	[STAGE_END] = { hear_end, hear_nonsense, hear_end, hear_end },
	[STAGE_QUIT] = { hear_goodbye, hear_goodbye, hear_goodbye,
	    hear_goodbye },
};

/*
 * 421 may answer anything, and says that the connection ends.  What it
 * answers counts as deferred, except for a MAIL on a connection that was
 * used before: that job goes to another.
 */
static void
hear_closing(struct smtp_client *c, enum client_stage stage)
{
	outcome_reply(&c->why, &c->reply);
	if (stage == STAGE_END)
		hear_end(c);
	client_end_early(c);
}

/* Nobody asked: while idle a farewell, else we no longer agree. */
static void
hear_unasked(struct smtp_client *c)
{
	client_fail(c, "4.5.0", "reply that nobody asked for: %u %s",
	    c->reply.status.code, log_text(buf_str(&c->reply.text)));
}

void
client_hear(struct smtp_client *c)
{
	enum client_stage	stage;

	if (c->n_expect == 0) {
		hear_unasked(c);
		return;
	}
	stage = client_take_expected(c);
	if (c->reply.status.code == 421 && stage != STAGE_QUIT)
		hear_closing(c, stage);
	else
		actions[stage][c->reply.status.code / 100 - 2](c);
}
