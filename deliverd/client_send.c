/*
 * What the SMTP client says: commands with the parameters that the server
 * understands, and content.  Nothing goes out that could be read as another
 * command: paths with control characters never reach here or are refused,
 * and content passes the scanner that all of postern uses.
 */
#include "client_impl.h"

#include <ctype.h>
#include <errno.h>
#include <unistd.h>

#include "addr.h"
#include "header.h"
#include "log.h"

#define PIECE	65536	/* of a body's file, read and written at a time */

/* One group of commands at a time; they are small against IO_OUT_MAX. */
static struct buf	said = BUF_INIT(IO_OUT_MAX / 2);

static void
write_said(struct smtp_client *c)
{
	if (said.failed || io_write(c->io, buf_str(&said)) == -1)
		client_fail(c, "4.4.2", "cannot write to the connection");
	buf_reset(&said);
	said.failed = false;
	c->moved = true;
}

void
client_send_hello(struct smtp_client *c, bool extended)
{
	buf_puts(&said, client_is_lmtp(c) ? "LHLO " :
	    extended ? "EHLO " : "HELO ");
	buf_put_str(&said, c->ops->conf()->hostname);
	buf_puts(&said, "\r\n");
	client_expect(c, extended ? STAGE_EHLO : STAGE_HELO);
	write_said(c);
}

static bool
has(const struct smtp_client *c, unsigned cap)
{
	return (c->caps.flags & cap) != 0;
}

/* A path that can stand in a command, in this conversation. */
static bool
is_sayable(const struct smtp_client *c, const struct task *t, struct str path)
{
	bool	utf8 = t->utf8 && has(c, SMTP_CAP_SMTPUTF8);

	for (size_t i = 0; i < path.n; i++) {
		unsigned char	o = (unsigned char)path.p[i];

		if (o < ' ' || o == 0x7f || (o > 0x7f && !utf8))
			return false;
	}
	return true;
}

/* What can be known of a job without asking the server. */
static bool
judge_message(struct smtp_client *c, const struct task *t, struct outcome *o)
{
	if (t->utf8 && !has(c, SMTP_CAP_SMTPUTF8)) {
		/* RFC 6531 3.2 */
		outcome_say(o, RCPT_FAILED, "5.6.7", "%.*s does not take "
		    "internationalized mail", (int)c->n_host, c->host);
		return false;
	}
	if (c->caps.size != 0 && t->size > c->caps.size) {
		/* RFC 1870 6.2 */
		outcome_say(o, RCPT_FAILED, "5.3.4", "message of %llu octets "
		    "is larger than the %llu that %.*s takes",
		    (unsigned long long)t->size,
		    (unsigned long long)c->caps.size,
		    (int)c->n_host, c->host);
		return false;
	}
	if (!is_sayable(c, t, t->sender)) {
		outcome_say(o, RCPT_FAILED, "5.1.7",
		    "sender's address cannot be said in SMTP");
		return false;
	}
	return true;
}

/* Marks recipients that cannot be asked for; false when none is left. */
static bool
judge_rcpts(struct smtp_client *c, struct task *t)
{
	struct outcome	 o;
	bool		 any = false;

	for (size_t i = 0; i < t->n_rcpts; i++) {
		struct task_rcpt	*r = &t->rcpts[i];

		r->state = RCPT_TO_ASK;
		if (is_sayable(c, t, r->address)) {
			any = true;
			continue;
		}
		r->state = RCPT_SKIPPED;
		outcome_say(&o, RCPT_FAILED, "5.1.3",
		    "recipient's address cannot be said in SMTP");
		result_set(t->result, i, &o);
	}
	return any;
}

bool
client_begin(struct smtp_client *c, struct task *t)
{
	struct outcome	 o;

	result_host(t->result, str_bytes(c->host, c->n_host), &c->address);
	t->result->dsn = has(c, SMTP_CAP_DSN);
	result_tls(t->result, str_of(c->verdict));
	if (!judge_message(c, t, &o)) {
		result_set_rest(t->result, t->n_rcpts, &o);
		return false;
	}
	if (!judge_rcpts(c, t))
		return false;
	c->task = t;
	/* the others come back untried and are asked in a later transaction */
	t->n_asked = t->n_rcpts;
	if (c->caps.rcpt_max != 0 && c->caps.rcpt_max < t->n_asked)
		t->n_asked = (size_t)c->caps.rcpt_max;
	c->to_say = 0;
	c->to_hear = client_next_rcpt(c, 0);
	c->n_accepted = 0;
	c->answered = c->sender_refused = c->sending = false;
	c->n_begun++;
	return true;
}

size_t
client_next_rcpt(const struct smtp_client *c, size_t i)
{
	while (i < c->task->n_asked && c->task->rcpts[i].state == RCPT_SKIPPED)
		i++;
	return i;
}

size_t
client_next_accepted(const struct task *t, size_t i)
{
	while (i < t->n_asked && t->rcpts[i].state != RCPT_ACCEPTED)
		i++;
	return i;
}

static void
put_xtext(const char *key, struct str value)
{
	buf_puts(&said, key);
	addr_xtext_put(&said, value);
}

static void
put_mail_dsn(const struct task *t)
{
	static const char *const	rets[DSN_RET_N] = {
		[RET_NONE] = "",
		[RET_FULL] = " RET=FULL",
		[RET_HDRS] = " RET=HDRS",
	};

	buf_puts(&said, rets[t->ret]);
	if (t->envid.n != 0)
		put_xtext(" ENVID=", t->envid);
}

/*
 * RFC 6152 3 would have 8-bit mail converted or returned where the server has
 * no 8BITMIME.  Such servers pass it on all the same, converting would break
 * signatures, and a return helps nobody: it goes as it is.
 */
static void
put_body_type(const struct smtp_client *c)
{
	if (c->task->body_type == BODY_7BIT)
		return;
	if (has(c, SMTP_CAP_8BITMIME))
		buf_puts(&said, " BODY=8BITMIME");
	else
		log_debug("id=%s: 8-bit mail to a host without 8BITMIME",
		    msgid_text(&c->task->id));
}

static void
put_mail(struct smtp_client *c)
{
	const struct task	*t = c->task;

	if (c->needs_rset) {
		buf_puts(&said, "RSET\r\n");
		client_expect(c, STAGE_RSET);
		c->needs_rset = false;
	}
	buf_puts(&said, "MAIL FROM:<");
	buf_put_str(&said, t->sender);
	buf_putc(&said, '>');
	if (has(c, SMTP_CAP_SIZE) && t->question == NULL)
		buf_printf(&said, " SIZE=%llu", (unsigned long long)t->size);
	put_body_type(c);
	if (t->utf8)
		buf_puts(&said, " SMTPUTF8");
	if (has(c, SMTP_CAP_DSN))
		put_mail_dsn(t);
	buf_puts(&said, "\r\n");
	client_expect(c, STAGE_MAIL);
}

/* RFC 3461 4.1: NEVER alone, or any of the others */
static void
put_notify(unsigned notify)
{
	static const struct {
		unsigned	 bit;
		const char	*word;
	} words[] = {
		{ NOTIFY_NEVER, "NEVER" },
		{ NOTIFY_SUCCESS, "SUCCESS" },
		{ NOTIFY_FAILURE, "FAILURE" },
		{ NOTIFY_DELAY, "DELAY" },
	};
	const char	*before = " NOTIFY=";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (notify & words[i].bit) {
			buf_puts(&said, before);
			buf_puts(&said, words[i].word);
			before = ",";
		}
}

/* RFC 3461 4.2: an address type is an atom; ours are registered names. */
static bool
is_address_type(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '-')
			return false;
	return s.n != 0;
}

/* RFC 3461 4.2; RFC 6533 3 for the type utf-8 */
static void
put_orcpt(const struct smtp_client *c, const struct task_rcpt *r)
{
	static const struct str	 utf_8 = STR("utf-8");

	buf_puts(&said, " ORCPT=");
	buf_put_str(&said, r->orcpt_type);
	if (!str_equal_nocase(r->orcpt_type, utf_8)) {
		put_xtext(";", r->orcpt);
		return;
	}
	buf_putc(&said, ';');
	addr_unitext_put(&said, r->orcpt, !c->task->utf8);
}

static void
put_rcpt(struct smtp_client *c, const struct task_rcpt *r)
{
	buf_puts(&said, "RCPT TO:<");
	buf_put_str(&said, r->address);
	buf_putc(&said, '>');
	if (has(c, SMTP_CAP_DSN)) {
		put_notify(r->notify);
		if (r->orcpt.n != 0 && is_address_type(r->orcpt_type))
			put_orcpt(c, r);
	}
	buf_puts(&said, "\r\n");
	client_expect(c, STAGE_RCPT);
}

bool
client_has_said_all(const struct smtp_client *c)
{
	return c->to_say > c->task->n_asked + 1;
}

/* A question ends where the data would begin. */
static void
put_after_rcpts(struct smtp_client *c)
{
	bool	 is_mail = c->task->question == NULL;

	buf_puts(&said, is_mail ? "DATA\r\n" : "RSET\r\n");
	client_expect(c, is_mail ? STAGE_DATA : STAGE_RSET);
}

/* The next command of the transaction; to_say counts them all. */
static void
put_next(struct smtp_client *c)
{
	if (c->to_say == 0) {
		put_mail(c);
		c->to_say = client_next_rcpt(c, 0) + 1;
	} else if (c->to_say <= c->task->n_asked) {
		put_rcpt(c, &c->task->rcpts[c->to_say - 1]);
		c->to_say = client_next_rcpt(c, c->to_say) + 1;
	} else {
		put_after_rcpts(c);
		c->to_say++;
	}
}

void
client_say_more(struct smtp_client *c)
{
	do
		put_next(c);
	while (has(c, SMTP_CAP_PIPELINING) && !client_has_said_all(c));
	write_said(c);
}

static void
write_content(struct smtp_client *c, struct str in)
{
	struct str	run;

	while (data_scan_next(&c->scan, &in, &run))
		if (io_write(c->io, run) == -1) {
			client_fail(c, "4.4.2",
			    "cannot write to the connection");
			return;
		}
	c->moved = true;
}

static void
expect_ends(struct smtp_client *c)
{
	size_t	 n = client_is_lmtp(c) ? c->n_accepted : 1;

	while (n-- != 0)
		client_expect(c, STAGE_END);
}

static void
write_end(struct smtp_client *c)
{
	if (io_write(c->io, data_scan_finish(&c->scan)) == -1) {
		client_fail(c, "4.4.2", "cannot write to the connection");
		return;
	}
	c->sending = false;
	c->sent = c->task;
	c->task = NULL;
	c->sent_to_hear = client_next_accepted(c->sent, 0);
	expect_ends(c);
	c->moved = true;
}

/*
 * The next piece of the file.  Reading a regular file may wait for the disk
 * for a moment; nothing else here waits.  What cannot be read must not be
 * ended by a dot: the connection goes instead.
 */
static void
write_piece(struct smtp_client *c)
{
	static char	 piece[PIECE];
	ssize_t		 n;

	n = pread(c->task->fd, piece, sizeof(piece), (off_t)c->fd_done);
	if (n <= 0) {
		log_error("cannot read the body of id=%s: %s",
		    msgid_text(&c->task->id),
		    n == 0 ? "it is cut short" : strerror(errno));
		client_fail(c, "4.3.0", "cannot read the message");
		return;
	}
	c->fd_done += (uint64_t)n;
	write_content(c, str_bytes(piece, (size_t)n));
}

void
client_content_more(struct smtp_client *c)
{
	while (!c->over && c->fd_done < c->task->fd_size) {
		if (io_waiting(c->io) >= IO_OUT_LOW)
			return;		/* client_drained goes on */
		write_piece(c);
	}
	if (!c->over)
		write_end(c);
}

void
client_content_begin(struct smtp_client *c)
{
	data_scan_init(&c->scan, DATA_STUFF, true, 0);
	c->sending = true;
	c->fd_done = 0;
	write_content(c, c->task->header);
	write_content(c, c->task->body);
	client_content_more(c);
}
