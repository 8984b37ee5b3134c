/*
 * Reports: a whole one as it must be, who wants one, and every octet a
 * remote host could put into one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bounce.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static struct recipient		 rcpt;
static struct envelope		 original;
static struct bounce_rcpt	 item;
static struct bounce		 bounce;
static struct buf		 header, body;

static int
set_up(void **state)
{
	(void)state;
	rcpt = (struct recipient){ .address = STR("bob@example.net"),
	    .orcpt_type = STR("rfc822"), .orcpt = STR("robert@example.net") };
	original = (struct envelope){ .arrived = 1000000000,
	    .sender = STR("alice@example.org"), .envid = STR("QQ314159"),
	    .rcpts = &rcpt, .n_rcpts = 1 };
	memset(original.id.b, 0x11, sizeof(original.id.b));
	item = (struct bounce_rcpt){ &rcpt, BOUNCE_FAILED, STR("5.1.1"), 550,
	    STR("no such user"), STR("mx.example.net") };
	bounce = (struct bounce){ .hostname = STR("mx.example.org"),
	    .original = &original,
	    .header = STR("Subject: hello\r\nFrom: alice\r\n\r\n"),
	    .body = STR("text\r\n"), .rcpts = &item, .n_rcpts = 1,
	    .now = 1000000600 };
	buf_init(&header, BOUNCE_HEADER_MAX);
	buf_init(&body, 1 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	buf_clear(&header);
	buf_clear(&body);
	return 0;
}

static bool
contains(const struct buf *b, const char *text)
{
	return memmem(buf_data(b), b->len, text, strlen(text)) != NULL;
}

/* Lines end with CRLF, are short enough, and hold nothing but text. */
static void
check_lines(const struct buf *b)
{
	const unsigned char	*p = (const unsigned char *)buf_data(b);
	size_t			 line = 0;

	for (size_t i = 0; i < b->len; i++) {
		if (p[i] == '\r') {
			assert_true(i + 1 < b->len && p[i + 1] == '\n');
			continue;
		}
		if (p[i] == '\n') {
			assert_true(i > 0 && p[i - 1] == '\r');
			line = 0;
			continue;
		}
		assert_in_range(p[i], ' ', '~');
		assert_true(++line <= 998);
	}
}

static size_t
count_lines(const struct buf *b, const char *start)
{
	size_t	 n = 0, len = strlen(start);

	for (const char *p = buf_data(b), *end = p + b->len;
	    (p = memmem(p, (size_t)(end - p), start, len)) != NULL; p += len)
		n++;
	return n;
}

static const char	golden_header[] =
    "Date: Sun, 9 Sep 2001 01:56:40 +0000\r\n"
    "From: Mail Delivery System <postmaster@mx.example.org>\r\n"
    "To: <alice@example.org>\r\n"
    "Subject: Mail could not be delivered\r\n"
    "Message-ID: <00000000000000000000000000@mx.example.org>\r\n"
    "Auto-Submitted: auto-replied\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Transfer-Encoding: 8bit\r\n"
    "Content-Type: multipart/report;\r\n"
    " report-type=delivery-status;\r\n"
    " boundary=\"=_00000000000000000000000000\"\r\n"
    "\r\n";

static const char	golden_body[] =
    "--=_00000000000000000000000000\r\n"
    "Content-Type: text/plain; charset=us-ascii\r\n"
    "\r\n"
    "This is the mail system of mx.example.org.\r\n"
    "\r\n"
    "Your message could not be delivered to:\r\n"
    "\r\n"
    "  <bob@example.net>\r\n"
    "    mx.example.net said:\r\n"
    "    550 no such user\r\n"
    "\r\n"
    "It came in on Sun, 9 Sep 2001 01:46:40 +0000\r\n"
    "and is known here as 248h248h248h248h248h248h24.\r\n"
    "\r\n"
    "--=_00000000000000000000000000\r\n"
    "Content-Type: message/delivery-status\r\n"
    "\r\n"
    "Reporting-MTA: dns; mx.example.org\r\n"
    "Original-Envelope-Id: QQ314159\r\n"
    "Arrival-Date: Sun, 9 Sep 2001 01:46:40 +0000\r\n"
    "\r\n"
    "Original-Recipient: rfc822; robert@example.net\r\n"
    "Final-Recipient: rfc822; bob@example.net\r\n"
    "Action: failed\r\n"
    "Status: 5.1.1\r\n"
    "Remote-MTA: dns; mx.example.net\r\n"
    "Diagnostic-Code: smtp; 550 no such user\r\n"
    "Last-Attempt-Date: Sun, 9 Sep 2001 01:56:40 +0000\r\n"
    "\r\n"
    "--=_00000000000000000000000000\r\n"
    "Content-Type: text/rfc822-headers\r\n"
    "Content-Transfer-Encoding: 8bit\r\n"
    "\r\n"
    "Subject: hello\r\n"
    "From: alice\r\n"
    "\r\n"
    "--=_00000000000000000000000000--\r\n";

static void
test_golden(void **state)
{
	(void)state;
	assert_int_equal(bounce_write(&bounce, &header, &body), 0);
	assert_int_equal(header.len, strlen(golden_header));
	assert_memory_equal(buf_data(&header), golden_header, header.len);
	buf_putc(&body, '\0');
	assert_string_equal(buf_data(&body), golden_body);
}

static void
test_whole_message_returned(void **state)
{
	(void)state;
	bounce.has_body = true;
	assert_int_equal(bounce_write(&bounce, &header, &body), 0);
	assert_true(contains(&body, "Content-Type: message/rfc822\r\n"));
	assert_true(contains(&body, "From: alice\r\n\r\ntext\r\n\r\n--=_"));
}

static void
test_delay_and_success(void **state)
{
	struct bounce_rcpt	 two[2] = { item, item };

	(void)state;
	two[0].action = BOUNCE_DELIVERED;
	two[1].action = BOUNCE_DELAYED;
	two[1].host = STR_NONE;
	two[1].reply_code = 0;
	bounce.rcpts = two;
	bounce.n_rcpts = 2;
	bounce.until = 1000432000;
	assert_int_equal(bounce_write(&bounce, &header, &body), 0);
	assert_true(contains(&header, "Subject: Mail is delayed"));
	assert_true(contains(&body, "Action: delivered\r\n"));
	assert_true(contains(&body, "Action: delayed\r\n"));
	assert_true(contains(&body, "Will-Retry-Until: Fri, 14 Sep 2001"));
	assert_true(contains(&body,
	    "Diagnostic-Code: x-postern; no such user\r\n"));
}

/* Envelope and outcome, and what the report must say of it. */
static void
test_actions(void **state)
{
	static const struct {
		enum bounce_action	 action;
		bool			 utf8, has_body;
		const char		*address, *orcpt_type, *orcpt;
		const char		*subject, *part, *fields;
	} cases[] = {
		{ BOUNCE_RELAYED, false, false, "bob@example.net", "", "",
		    "Subject: Mail was passed on\r\n",
		    "Content-Type: message/delivery-status\r\n\r\n",
		    "Final-Recipient: rfc822; bob@example.net\r\n"
		    "Action: relayed\r\nStatus: 5.1.1\r\n"
		    "Remote-MTA: dns; mx.example.net\r\nLast-Attempt" },
		{ BOUNCE_EXPANDED, false, false, "list@example.org",
		    "rfc822", "List@example.org",
		    "Subject: Mail was passed on to several\r\n",
		    "Content-Type: text/rfc822-headers\r\n",
		    "Original-Recipient: rfc822; List@example.org\r\n"
		    "Final-Recipient: rfc822; list@example.org\r\n"
		    "Action: expanded\r\n" },
		{ BOUNCE_DELIVERED, false, true, "bob@example.net", "", "",
		    "Subject: Mail was delivered\r\n",
		    "Content-Type: message/rfc822\r\n",
		    "Action: delivered\r\n" },
		/* RFC 6533 */
		{ BOUNCE_FAILED, true, true, "b\xc3\xb6" "b@example.net", "utf-8",
		    "r\xc3\xb6@example.net",
		    "Subject: Mail could not be delivered\r\n",
		    "Content-Type: message/global-delivery-status\r\n"
		    "Content-Transfer-Encoding: 8bit\r\n",
		    "Original-Recipient: utf-8; r\xc3\xb6@example.net\r\n"
		    "Final-Recipient: utf-8; b\xc3\xb6" "b@example.net\r\n"
		    "Action: failed\r\n" },
		{ BOUNCE_FAILED, true, true, "bob@example.net", "", "",
		    "To: <\xc3\xa4@example.org>\r\n",
		    "Content-Type: message/global\r\n",
		    "Final-Recipient: rfc822; bob@example.net\r\n" },
		{ BOUNCE_FAILED, true, false, "b\xc3\x28@example.net", "", "",
		    "Auto-Submitted: auto-replied\r\n",
		    "Content-Type: message/global-headers\r\n",
		    /* no UTF-8, and no address of anybody */
		    "Final-Recipient: utf-8; b\\xC3(@example.net\r\n" },
		/* and without SMTPUTF8 nothing is anything but ASCII */
		{ BOUNCE_FAILED, false, false, "b\xc3\xb6@example.net", "",
		    "", "Subject: ",
		    "Content-Type: text/plain; charset=us-ascii\r\n",
		    "Final-Recipient: utf-8; b\\x{F6}@example.net\r\n" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		set_up(state);
		item.action = cases[i].action;
		rcpt.address = str_of(cases[i].address);
		rcpt.orcpt_type = str_of(cases[i].orcpt_type);
		rcpt.orcpt = str_of(cases[i].orcpt);
		original.utf8 = cases[i].utf8;
		if (original.utf8)
			original.sender = str_of("\xc3\xa4@example.org");
		bounce.has_body = cases[i].has_body;
		assert_int_equal(bounce_write(&bounce, &header, &body), 0);
		if (!contains(&header, cases[i].subject) ||
		    !contains(&body, cases[i].part) ||
		    !contains(&body, cases[i].fields))
			fail_msg("case %zu: %.*s%.*s", i,
			    STR_FMT(buf_str(&header)),
			    STR_FMT(buf_str(&body)));
		tear_down(state);
	}
}

/* Of many recipients each reply is short: a report has its limits. */
static void
test_many_recipients(void **state)
{
	static struct bounce_rcpt	 many[300];
	static char			 longest[REPLY_TEXT_MAX];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	item.reply = str_bytes(longest, sizeof(longest));
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = item;
	bounce.rcpts = many;
	bounce.n_rcpts = COUNT(many);
	assert_int_equal(bounce_write(&bounce, &header, &body), 0);
	assert_true(body.len < COUNT(many) * 1024);
	check_lines(&body);
	assert_int_equal(count_lines(&body, "\r\nAction: "), COUNT(many));
}

static void
test_who_wants_one(void **state)
{
	static const struct {
		uint8_t			 notify;
		enum bounce_action	 action;
		bool			 want;
	} cases[] = {
		{ 0, BOUNCE_FAILED, true },
		{ 0, BOUNCE_DELAYED, true },
		{ 0, BOUNCE_DELIVERED, false },
		{ NOTIFY_NEVER, BOUNCE_FAILED, false },
		{ NOTIFY_NEVER, BOUNCE_DELIVERED, false },
		{ NOTIFY_NEVER | NOTIFY_FAILURE, BOUNCE_FAILED, false },
		{ NOTIFY_FAILURE, BOUNCE_FAILED, true },
		{ NOTIFY_FAILURE, BOUNCE_DELAYED, false },
		{ NOTIFY_DELAY, BOUNCE_DELAYED, true },
		{ NOTIFY_DELAY, BOUNCE_FAILED, false },
		{ NOTIFY_SUCCESS, BOUNCE_DELIVERED, true },
		{ NOTIFY_SUCCESS, BOUNCE_RELAYED, true },
		{ NOTIFY_SUCCESS, BOUNCE_EXPANDED, true },
		{ 0, BOUNCE_RELAYED, false },
		{ NOTIFY_FAILURE, BOUNCE_EXPANDED, false },
		{ NOTIFY_NEVER, BOUNCE_EXPANDED, false },
		{ NOTIFY_SUCCESS, BOUNCE_FAILED, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(bounce_is_wanted(cases[i].notify,
		    cases[i].action), cases[i].want);
}

/* "x", the octet, and what would be a field and a boundary of its own. */
static struct str
evil(char *text, int octet)
{
	static const char	 tail[] =
	    "\r\nAction: delivered\r\n\r\n--=_00000000000000000000000000--";

	text[0] = 'x';
	text[1] = (char)octet;
	memcpy(text + 2, tail, sizeof(tail) - 1);
	return str_bytes(text, 2 + sizeof(tail) - 1);
}

static void
every_octet_in_every_field(void)
{
	struct str	*fields[] = { &item.reply, &item.host, &item.status,
	    &rcpt.address, &rcpt.orcpt, &rcpt.orcpt_type, &original.sender,
	    &original.envid };
	char		 text[128];
	struct str	 good;

	for (size_t f = 0; f < COUNT(fields); f++) {
		good = *fields[f];
		for (int octet = 0; octet < 256; octet++) {
			*fields[f] = evil(text, octet);
			buf_reset(&header);
			buf_reset(&body);
			assert_int_equal(bounce_write(&bounce, &header,
			    &body), 0);
			check_lines(&header);
			check_lines(&body);
			assert_int_equal(count_lines(&body, "\r\nAction: "),
			    1);
			assert_int_equal(count_lines(&body, "\r\n--=_"), 3);
		}
		*fields[f] = good;
	}
}

static void
test_every_octet_in_every_field(void **state)
{
	(void)state;
	every_octet_in_every_field();
	original.utf8 = true;
	every_octet_in_every_field();
}

static void
test_endless_reply(void **state)
{
	static char	 longest[REPLY_TEXT_MAX];

	(void)state;
	for (int octet = 'a'; octet < 257; octet += 159) {
		memset(longest, octet, sizeof(longest));
		item.reply = str_bytes(longest, sizeof(longest));
		buf_reset(&header);
		buf_reset(&body);
		assert_int_equal(bounce_write(&bounce, &header, &body), 0);
		check_lines(&body);
	}
}

static void
test_failed_buffer(void **state)
{
	(void)state;
	body.max = 100;
	assert_int_equal(bounce_write(&bounce, &header, &body), -1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup_teardown(test_golden, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_whole_message_returned,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delay_and_success,
		    set_up, tear_down),
		cmocka_unit_test(test_actions),
		cmocka_unit_test_setup_teardown(test_many_recipients, set_up,
		    tear_down),
		cmocka_unit_test(test_who_wants_one),
		cmocka_unit_test_setup_teardown(
		    test_every_octet_in_every_field, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_endless_reply, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_failed_buffer, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
