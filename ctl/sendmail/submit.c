/*
 * Submission.  Whatever fails for a time - no server, a lost connection, a
 * 4xx reply - is tried again from the start for as long as the caller would
 * wait, which carries mail over a restart of postern.  A connection lost
 * behind the final dot leaves open whether the message was taken; as any
 * SMTP client we send it again then, since twice is better than never.
 */
#include "submit.h"

#include <sys/random.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "bounds.h"
#include "clock.h"
#include "domain.h"
#include "header.h"
#include "smtp.h"
#include "smtp_data.h"

#include "channel.h"
#include "compose.h"
#include "result.h"

#define PAUSE_MS	100	/* between attempts */
#define TEXT_OCTETS	ADDR_TEXT_MAX
/* what we add to a header, and the names put behind bare addresses */
#define COMPOSED_MAX	(4 * HEADER_MAX)

enum step {
	STEP_DONE,
	STEP_AGAIN,		/* failed for a time */
	STEP_REFUSED		/* for good, and it has been said */
};

struct attempt {
	const struct submission	*s;
	struct channel		 channel;
	struct smtp_caps	 caps;
	struct result		 result;
	char			 host[DOMAIN_MAX];
	size_t			 host_len;
	struct buf		 header;	/* empty: not composed yet */
};

/* ---- replies ----------------------------------------------------------- */

/* What a reply that is not the hoped-for means for the whole attempt. */
static enum step
failed(struct attempt *a, int code)
{
	if (code == -1) {
		result_lost(&a->result, a->s->options->socket,
		    a->channel.error);
		return STEP_AGAIN;
	}
	if (code / 100 == 5) {
		result_refused(&a->result, NULL, &a->channel.reply);
		return STEP_REFUSED;
	}
	result_temporary(&a->result, &a->channel.reply);
	return STEP_AGAIN;
}

static enum step
expect(struct attempt *a, int code, int expected)
{
	return code == expected ? STEP_DONE : failed(a, code);
}

/* ---- the beginning ----------------------------------------------------- */

/* RFC 5321 4.1.1.1: the server's name is the first word of its answer. */
static enum step
take_host(struct attempt *a)
{
	struct str	 text = buf_str(&a->channel.reply.text), name;
	size_t		 n = 0;

	while (n < text.n && text.p[n] != ' ' && text.p[n] != '\n')
		n++;
	if (domain_parse(str_bytes(text.p, n), 0, a->host, &name) == -1) {
		warnx("%s: the server has no name", a->s->options->socket);
		a->result.code = EX_PROTOCOL;
		return STEP_REFUSED;
	}
	a->host_len = name.n;
	a->caps = (struct smtp_caps){ 0 };
	smtp_caps_parse(&a->caps, text);
	return STEP_DONE;
}

static enum step
greet(struct attempt *a)
{
	struct channel	*c = &a->channel;
	enum step	 step;

	if (channel_open(c, a->s->options->socket) == -1)
		return failed(a, -1);
	if ((step = expect(a, channel_hear(c), 220)) != STEP_DONE)
		return step;
	step = expect(a, channel_ask(c, "EHLO localhost"), 250);
	return step == STEP_DONE ? take_host(a) : step;
}

static struct addr
qualified(const struct attempt *a, struct addr addr)
{
	if (addr.local.n != 0 && addr.domain.n == 0)
		addr.domain = str_bytes(a->host, a->host_len);
	return addr;
}

static void
describe(const struct attempt *a, struct writing *w)
{
	const struct submission	*s = a->s;
	struct tm		 local = { .tm_gmtoff = 0 };

	*w = (struct writing){
		.author = qualified(a, addr_is_null(&s->sender) ? s->caller :
		    s->sender),
		.name = str_of(s->options->name),
		.host = str_bytes(a->host, a->host_len),
		.now = clock_wall(),
	};
	localtime_r(&w->now, &local);
	w->offset = (int)(local.tm_gmtoff / 60);
	if (getrandom(&w->unique, sizeof(w->unique), 0) == -1)
		w->unique = clock_us();
}

/* Once: what the server's name was needed for. */
static enum step
prepare(struct attempt *a)
{
	struct writing	 w;

	if (a->header.len != 0)
		return STEP_DONE;
	describe(a, &w);
	if (recipients_settle(a->s->recipients, w.host) == 0 &&
	    compose_header(&a->header, buf_str(&a->s->message->header),
	    &w) == 0 && buf_puts(&a->header, "\r\n") == 0)
		return STEP_DONE;
	warnx("not enough memory, or a header that grew too large");
	a->result.code = EX_DATAERR;
	return STEP_REFUSED;
}

/* ---- a transaction ----------------------------------------------------- */

/* RFC 3461 4.3 and 4.4; a server that knows no DSN is not asked for it. */
static void
put_mail_dsn(const struct attempt *a, struct buf *b)
{
	const struct options	*o = a->s->options;

	if ((a->caps.flags & SMTP_CAP_DSN) == 0)
		return;
	if (o->ret != NULL)
		buf_printf(b, " RET=%s", o->ret);
	if (o->envid != NULL) {
		buf_puts(b, " ENVID=");
		addr_xtext_put(b, str_of(o->envid));
	}
}

static bool
is_ascii(const struct addr *a)
{
	return str_is_ascii(a->local) && str_is_ascii(a->domain);
}

/* RFC 6531 3.4: for addresses; a header alone goes where it always went. */
static bool
needs_utf8(const struct attempt *a)
{
	const struct recipients	*r = a->s->recipients;

	if (!is_ascii(&a->s->sender))
		return true;
	for (size_t i = 0; i < r->n; i++)
		if (!is_ascii(&r->list[i].addr))
			return true;
	return false;
}

static enum step
say_mail(struct attempt *a)
{
	const struct message	*m = a->s->message;
	struct addr		 sender = qualified(a, a->s->sender);
	struct buf		 line = BUF_INIT(SMTP_COMMAND_MAX);
	int			 code;

	addr_put(&line, &sender);
	buf_puts(&line, ">");
	if ((a->caps.flags & SMTP_CAP_SIZE) != 0)
		buf_printf(&line, " SIZE=%" PRIu64, a->header.len +
		    m->body.size);
	/* RFC 6152 3 */
	if (m->eight_bit && (a->caps.flags & SMTP_CAP_8BITMIME) != 0)
		buf_puts(&line, " BODY=8BITMIME");
	if (needs_utf8(a) && (a->caps.flags & SMTP_CAP_SMTPUTF8) != 0)
		buf_puts(&line, " SMTPUTF8");
	put_mail_dsn(a, &line);
	code = channel_ask(&a->channel, "MAIL FROM:<%.*s",
	    STR_FMT(buf_str(&line)));
	buf_clear(&line);
	return expect(a, code, 250);
}

/* RFC 3461 4.1 and 4.2 */
static void
put_rcpt_dsn(const struct attempt *a, struct str address, struct buf *b)
{
	if ((a->caps.flags & SMTP_CAP_DSN) == 0 ||
	    a->s->options->notify[0] == '\0')
		return;
	buf_printf(b, " NOTIFY=%s ORCPT=", a->s->options->notify);
	if (str_is_ascii(address)) {
		buf_puts(b, "rfc822;");
		addr_xtext_put(b, address);
	} else {
		buf_puts(b, "utf-8;");		/* RFC 6533 3 */
		addr_unitext_put(b, address, false);
	}
}

static enum step
say_rcpt(struct attempt *a, struct recipient *r)
{
	struct buf	 text = BUF_INIT(TEXT_OCTETS);
	struct buf	 dsn = BUF_INIT(SMTP_RCPT_EXTRA);
	enum step	 step = STEP_DONE;
	int		 code;

	addr_put(&text, &r->addr);
	put_rcpt_dsn(a, buf_str(&text), &dsn);
	code = channel_ask(&a->channel, "RCPT TO:<%.*s>%.*s",
	    STR_FMT(buf_str(&text)), STR_FMT(buf_str(&dsn)));
	if (code / 100 == 2)
		r->fate = FATE_OFFERED;
	else if (code / 100 == 5) {
		r->fate = FATE_REFUSED;
		result_refused(&a->result, &text, &a->channel.reply);
	} else
		step = failed(a, code);
	buf_clear(&text);
	buf_clear(&dsn);
	return step;
}

/*
 * RFC 9422: no more than the server takes; RFC 5321 4.5.3.1.10: the rest at
 * another time, also when it says so only now.
 */
static enum step
say_rcpts(struct attempt *a)
{
	struct recipients	*r = a->s->recipients;
	uint64_t		 max = a->caps.rcpt_max;
	enum step		 step;
	size_t			 n = 0;

	if (max == 0)
		max = SMTP_RCPT_MIN;
	for (size_t i = 0; i < r->n && n < max; i++) {
		if (r->list[i].fate != FATE_WAITS)
			continue;
		step = say_rcpt(a, &r->list[i]);
		if (step != STEP_DONE && n != 0 &&
		    a->channel.reply.status.code == 452)
			break;
		if (step != STEP_DONE)
			return step;
		n += r->list[i].fate == FATE_OFFERED;
	}
	return STEP_DONE;
}

/* With dots added; -1 when the connection was lost. */
static int
send_piece(struct attempt *a, struct data_scan *scan, struct str piece)
{
	struct str	 run;

	while (data_scan_next(scan, &piece, &run))
		if (channel_send(&a->channel, run) == -1)
			return -1;
	return 0;
}

/*
 * -1 when the message cannot be read back: it must not be ended with a dot
 * then.  A lost connection is for the reply to tell.
 */
static int
send_all(struct attempt *a)
{
	struct spill		*body = &a->s->message->body;
	struct data_scan	 scan;
	struct str		 piece;
	int			 more;

	data_scan_init(&scan, DATA_STUFF, true, 0);
	if (spill_rewind(body) == -1)
		return -1;
	if (send_piece(a, &scan, buf_str(&a->header)) == -1)
		return 0;
	while ((more = spill_next(body, &piece)) == 1)
		if (send_piece(a, &scan, piece) == -1)
			return 0;
	if (more == 0)
		channel_send(&a->channel, data_scan_finish(&scan));
	return more;
}

static enum step
say_data(struct attempt *a)
{
	enum step	 step;

	step = expect(a, channel_ask(&a->channel, "DATA"), 354);
	if (step != STEP_DONE)
		return step;
	if (send_all(a) == -1) {
		warn("the message cannot be read back");
		a->result.code = EX_IOERR;
		return STEP_REFUSED;
	}
	/* also after a loss: the server may have said why it left */
	return expect(a, channel_hear(&a->channel), 250);
}

static enum step
transaction(struct attempt *a)
{
	struct recipients	*r = a->s->recipients;
	enum step		 step;

	if ((step = say_mail(a)) != STEP_DONE ||
	    (step = say_rcpts(a)) != STEP_DONE)
		return step;
	if (recipients_count(r, FATE_OFFERED) == 0)	/* all refused */
		return expect(a, channel_ask(&a->channel, "RSET"), 250);
	step = say_data(a);
	if (step == STEP_DONE)
		recipients_turn(r, FATE_OFFERED, FATE_TAKEN);
	return step;
}

/* ---- attempts ---------------------------------------------------------- */

static enum step
try(struct attempt *a)
{
	struct recipients	*r = a->s->recipients;
	enum step		 step;

	recipients_turn(r, FATE_OFFERED, FATE_WAITS);
	if ((step = greet(a)) == STEP_DONE)
		step = prepare(a);
	while (step == STEP_DONE && recipients_count(r, FATE_WAITS) != 0)
		step = transaction(a);
	if (step == STEP_DONE)
		channel_ask(&a->channel, "QUIT");
	channel_close(&a->channel);
	return step;
}

/* Whether there is time for another attempt, after a pause. */
static bool
may_again(uint64_t *give_up_ms, unsigned wait_s)
{
	uint64_t	 now = clock_ms();

	if (*give_up_ms == 0)
		*give_up_ms = now + wait_s * UINT64_C(1000);
	if (now >= *give_up_ms)
		return false;
	poll(NULL, 0, PAUSE_MS);
	return true;
}

int
submit(const struct submission *s)
{
	static struct attempt	 a;
	uint64_t		 give_up_ms = 0;
	enum step		 step;

	a = (struct attempt){ .s = s };
	channel_init(&a.channel, s->options->verbose);
	buf_init(&a.header, COMPOSED_MAX);
	do
		step = try(&a);
	while (step == STEP_AGAIN &&
	    may_again(&give_up_ms, s->options->wait_s));
	buf_clear(&a.header);
	return step == STEP_AGAIN ? result_given_up(&a.result) :
	    a.result.code;
}

int
submit_connect(const struct options *o)
{
	uint64_t	 give_up_ms = 0;
	int		 fd, saved;

	do {
		fd = channel_connect(o->socket);
		saved = errno;
	} while (fd == -1 && may_again(&give_up_ms, o->wait_s));
	errno = saved;
	return fd;
}
