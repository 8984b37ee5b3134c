/*
 * Three parts behind each other: the text for a person, the fields for a
 * program, and what is returned of the message.
 */
#include "bounce.h"

#include <stdio.h>
#include <time.h>

#include "addr.h"
#include "header.h"
#include "netaddr.h"

#define FIELD_TEXT_MAX	2048	/* of one remote value in a field */
#define BOUNDARY_MAX	(MSGID_TEXT_LEN + 16)

static const char *const action_words[BOUNCE_ACTION_N] = {
	[BOUNCE_FAILED] = "failed",
	[BOUNCE_DELAYED] = "delayed",
	[BOUNCE_DELIVERED] = "delivered",
	[BOUNCE_RELAYED] = "relayed",
	[BOUNCE_EXPANDED] = "expanded",
};

static const char *const subjects[BOUNCE_ACTION_N] = {
	[BOUNCE_FAILED] = "Mail could not be delivered",
	[BOUNCE_DELAYED] = "Mail is delayed (nothing need be done)",
	[BOUNCE_DELIVERED] = "Mail was delivered",
	[BOUNCE_RELAYED] = "Mail was passed on",
	[BOUNCE_EXPANDED] = "Mail was passed on to several",
};

static const char *const openings[BOUNCE_ACTION_N] = {
	[BOUNCE_FAILED] =
	    "Your message could not be delivered to:\r\n",
	[BOUNCE_DELAYED] =
	    "Your message is not yet delivered, and is still tried, to:\r\n",
	[BOUNCE_DELIVERED] =
	    "Your message has been delivered to:\r\n",
	[BOUNCE_RELAYED] =
	    "Your message has been passed on to a mail server that does not\r\n"
	    "report what becomes of it, for:\r\n",
	[BOUNCE_EXPANDED] =
	    "Your message has been passed on to all those behind this address,"
	    "\r\nof whom nothing more is reported if it reaches them:\r\n",
};

bool
bounce_is_wanted(uint8_t notify, enum bounce_action action)
{
	if (notify & NOTIFY_NEVER)
		return false;
	if (action >= BOUNCE_DELIVERED)
		return (notify & NOTIFY_SUCCESS) != 0;
	if (notify == 0)	/* RFC 3461 4.1: failures; delays if we like */
		return true;
	return (notify & (action == BOUNCE_FAILED ? NOTIFY_FAILURE :
	    NOTIFY_DELAY)) != 0;
}

static bool
has_action(const struct bounce *b, enum bounce_action action)
{
	for (size_t i = 0; i < b->n_rcpts; i++)
		if (b->rcpts[i].action == action)
			return true;
	return false;
}

/* What the whole is about: the worst of it. */
static enum bounce_action
main_action(const struct bounce *b)
{
	for (int a = BOUNCE_FAILED; a < BOUNCE_ACTION_N; a++)
		if (has_action(b, (enum bounce_action)a))
			return (enum bounce_action)a;
	return BOUNCE_FAILED;
}

static size_t
reply_max(const struct bounce *b)
{
	return b->n_rcpts > BOUNCE_SHORT_ABOVE ? BOUNCE_SHORT_MAX :
	    BOUNCE_REPLY_MAX;
}

static const char *
boundary(const struct bounce *b, char text[BOUNDARY_MAX])
{
	snprintf(text, BOUNDARY_MAX, "=_%s", msgid_text(&b->id));
	return text;
}

/* ---- addresses --------------------------------------------------------- */

/* The address as it is, where UTF-8 may stand (RFC 6532 3.2); what is no
 * text is written as escapes in any case. */
static void
put_address(const struct bounce *b, struct buf *to, struct str s)
{
	if (b->original->utf8)
		header_put_utf8(to, s);
	else
		header_put_safe(to, s, ADDRESS_MAX * 4);
}

/* ---- the header -------------------------------------------------------- */

static void
put_date(struct buf *to, const char *name, uint64_t when)
{
	char	 date[HEADER_DATE_MAX];

	buf_printf(to, "%s: %s\r\n", name,
	    header_date(date, (time_t)when, 0));
}

static void
put_header(const struct bounce *b, struct buf *to)
{
	struct buf	 value = BUF_INIT(FIELD_TEXT_MAX);
	char		 mark[BOUNDARY_MAX];

	put_date(to, "Date", b->now);
	buf_printf(&value, "Mail Delivery System <postmaster@%.*s>",
	    STR_FMT(b->hostname));
	header_put_field(to, "From", buf_str(&value));
	buf_puts(to, "To: <");
	put_address(b, to, b->original->sender);
	buf_puts(to, ">\r\n");
	buf_printf(to, "Subject: %s\r\n", subjects[main_action(b)]);
	buf_printf(to, "Message-ID: <%s@%.*s>\r\n", msgid_text(&b->id),
	    STR_FMT(b->hostname));
	/* RFC 3834 5: so that nothing answers it by itself */
	buf_puts(to, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n");
	buf_printf(to, "Content-Type: multipart/report;\r\n"
	    " report-type=delivery-status;\r\n boundary=\"%s\"\r\n\r\n",
	    boundary(b, mark));
	to->failed |= value.failed;
	buf_clear(&value);
}

/* ---- the text ---------------------------------------------------------- */

static void
put_rcpt_text(const struct bounce *b, const struct bounce_rcpt *r,
    struct buf *to)
{
	buf_puts(to, "\r\n  <");
	put_address(b, to, r->rcpt->address);
	buf_puts(to, ">\r\n    ");
	if (r->action >= BOUNCE_DELIVERED) {
		buf_printf(to, "%s\r\n", action_words[r->action]);
		return;
	}
	if (r->host.n != 0) {
		header_put_safe(to, r->host, DOMAIN_MAX);
		buf_puts(to, " said:\r\n    ");
	}
	if (r->reply_code != 0)
		buf_printf(to, "%u ", r->reply_code);
	header_put_safe(to, r->reply, reply_max(b));
	buf_puts(to, "\r\n");
}

static void
put_text(const struct bounce *b, struct buf *to)
{
	char	 date[HEADER_DATE_MAX];

	buf_puts(to, b->original->utf8 ?
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n\r\n" :
	    "Content-Type: text/plain; charset=us-ascii\r\n\r\n");
	buf_printf(to, "This is the mail system of %.*s.\r\n",
	    STR_FMT(b->hostname));
	for (int a = BOUNCE_FAILED; a < BOUNCE_ACTION_N; a++) {
		if (!has_action(b, (enum bounce_action)a))
			continue;
		buf_puts(to, "\r\n");
		buf_puts(to, openings[a]);
		for (size_t i = 0; i < b->n_rcpts; i++)
			if ((int)b->rcpts[i].action == a)
				put_rcpt_text(b, &b->rcpts[i], to);
	}
	buf_printf(to, "\r\nIt came in on %s\r\nand is known here as %s.\r\n",
	    header_date(date, (time_t)b->original->arrived, 0),
	    msgid_text(&b->original->id));
}

/* ---- the fields, RFC 3464 2 -------------------------------------------- */

/* "name: type; value" */
static void
put_typed(struct buf *to, const char *name, struct str type, struct str value)
{
	struct buf	 text = BUF_INIT(FIELD_TEXT_MAX);

	buf_put_str(&text, type);
	buf_puts(&text, "; ");
	buf_put_str(&text, value);
	header_put_field(to, name, buf_str(&text));
	to->failed |= text.failed;
	buf_clear(&text);
}

static void
put_unitext(struct buf *to, const char *name, struct str address)
{
	static const struct str	 utf_8 = STR("utf-8");
	struct buf		 text = BUF_INIT(FIELD_TEXT_MAX);

	addr_unitext_put(&text, address, true);
	put_typed(to, name, utf_8, buf_str(&text));
	to->failed |= text.failed;
	buf_clear(&text);
}

/* RFC 6533 3: what is not ASCII is of the type utf-8. */
static void
put_address_field(const struct bounce *b, struct buf *to, const char *name,
    struct str type, struct str address)
{
	if (str_is_ascii(address)) {
		put_typed(to, name, type, address);
		return;
	}
	if (!b->original->utf8) {
		put_unitext(to, name, address);
		return;
	}
	buf_printf(to, "%s: utf-8; ", name);
	put_address(b, to, address);
	buf_puts(to, "\r\n");
}

static void
put_diagnostic(const struct bounce *b, const struct bounce_rcpt *r,
    struct buf *to)
{
	static const struct str	 smtp = STR("smtp"), ours = STR("x-postern");
	struct buf		 text = BUF_INIT(FIELD_TEXT_MAX);

	if (r->reply_code != 0)
		buf_printf(&text, "%u ", r->reply_code);
	if (r->reply.n <= reply_max(b))
		buf_put_str(&text, r->reply);
	else
		header_put_safe(&text, r->reply, reply_max(b));
	put_typed(to, "Diagnostic-Code", r->reply_code != 0 ? smtp : ours,
	    buf_str(&text));
	to->failed |= text.failed;
	buf_clear(&text);
}

static void
put_rcpt_fields(const struct bounce *b, const struct bounce_rcpt *r,
    struct buf *to)
{
	static const struct str	 rfc822 = STR("rfc822"), dns = STR("dns");

	buf_puts(to, "\r\n");
	if (r->rcpt->orcpt_type.n != 0)		/* 2.3.1 */
		put_address_field(b, to, "Original-Recipient",
		    r->rcpt->orcpt_type, r->rcpt->orcpt);
	put_address_field(b, to, "Final-Recipient", rfc822,
	    r->rcpt->address);
	buf_printf(to, "Action: %s\r\n", action_words[r->action]);
	header_put_field(to, "Status", r->status);
	if (r->host.n != 0)
		put_typed(to, "Remote-MTA", dns, r->host);
	if (r->action < BOUNCE_DELIVERED)
		put_diagnostic(b, r, to);
	put_date(to, "Last-Attempt-Date", b->now);
	if (r->action == BOUNCE_DELAYED && b->until != 0)
		put_date(to, "Will-Retry-Until", b->until);
}

static void
put_fields(const struct bounce *b, struct buf *to)
{
	static const struct str	 dns = STR("dns");

	buf_puts(to, b->original->utf8 ?
	    "Content-Type: message/global-delivery-status\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n\r\n" :
	    "Content-Type: message/delivery-status\r\n\r\n");
	put_typed(to, "Reporting-MTA", dns, b->hostname);
	if (b->original->envid.n != 0)		/* 2.2.1 */
		header_put_field(to, "Original-Envelope-Id",
		    b->original->envid);
	put_date(to, "Arrival-Date", b->original->arrived);
	for (size_t i = 0; i < b->n_rcpts; i++)
		put_rcpt_fields(b, &b->rcpts[i], to);
}

/* ---- what is returned -------------------------------------------------- */

/*
 * The octets as they came: lines with their CRLF, as smtpd has checked.  The
 * boundary holds 128 random bits, so it is in none of them.
 */
static void
put_returned(const struct bounce *b, struct buf *to)
{
	static const char *const types[2][2] = {
		{ "text/rfc822-headers", "message/rfc822" },
		{ "message/global-headers", "message/global" },
	};
	struct str	 header = b->header;

	buf_printf(to, "Content-Type: %s\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n\r\n",
	    types[b->original->utf8][b->has_body]);
	if (!b->has_body && header.n >= 4 &&
	    memcmp(header.p + header.n - 4, "\r\n\r\n", 4) == 0)
		header.n -= 2;
	buf_put_str(to, header);
	if (b->has_body)
		buf_put_str(to, b->body);
}

int
bounce_write(const struct bounce *b, struct buf *header, struct buf *body)
{
	char	 mark[BOUNDARY_MAX];

	boundary(b, mark);
	put_header(b, header);
	buf_printf(body, "--%s\r\n", mark);
	put_text(b, body);
	buf_printf(body, "\r\n--%s\r\n", mark);
	put_fields(b, body);
	buf_printf(body, "\r\n--%s\r\n", mark);
	put_returned(b, body);
	buf_printf(body, "\r\n--%s--\r\n", mark);
	return header->failed || body->failed ? -1 : 0;
}
