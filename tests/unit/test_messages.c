/*
 * The message table and the codecs of all its payloads: every structure
 * comes back as it went, and nothing but its exact encoding is taken.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "messages.h"
#include "sample.h"

#define ROUNDS	50

static int
decode(enum message m, struct str s, struct arena *a)
{
	union payload	 u;
	struct wire	 w;

	wire_init(&w, s.p, s.n);
	arena_reset(a);
	return message_rule(m)->decode(&w, a, &u);
}

static void
every_payload_survives(void **state)
{
	(void)state;
	for (unsigned m = 0; m < MSG_N; m++) {
		const struct rule	*r = message_rule(m);
		struct sampler		 s = { m + 1, ARENA_INIT(8 << 20), 200 };
		struct arena		 a = ARENA_INIT(8 << 20);

		for (int i = 0; i < ROUNDS; i++) {
			struct buf	 one = BUF_INIT(8 << 20);
			struct buf	 two = BUF_INIT(8 << 20);
			union payload	 u;
			struct wire	 w;

			sample_payload(&s, m, &one);
			assert_false(one.failed);
			assert_true(one.len <= r->maxlen);
			wire_init(&w, buf_data(&one), one.len);
			arena_reset(&a);
			assert_int_equal(r->decode(&w, &a, &u), 0);
			r->encode(&two, &u);
			assert_int_equal(one.len, two.len);
			if (one.len != 0)
				assert_memory_equal(buf_data(&one),
				    buf_data(&two), one.len);
			buf_clear(&one);
			buf_clear(&two);
		}
		arena_clear(&a);
		arena_clear(&s.arena);
	}
}

static void
every_truncation_is_refused(void **state)
{
	(void)state;
	for (unsigned m = 0; m < MSG_N; m++) {
		struct sampler	 s = { m + 7, ARENA_INIT(8 << 20), 20 };
		struct arena	 a = ARENA_INIT(8 << 20);
		struct buf	 b = BUF_INIT(8 << 20);

		sample_payload(&s, m, &b);
		for (size_t n = 0; n < b.len; n++)
			assert_int_equal(decode(m, str_bytes(buf_data(&b), n),
			    &a), -1);
		buf_putc(&b, 0);
		assert_int_equal(decode(m, buf_str(&b), &a), -1);
		buf_clear(&b);
		arena_clear(&a);
		arena_clear(&s.arena);
	}
}

/* No flipped bit may do more than change a value or be refused. */
static void
flipped_bits_are_harmless(void **state)
{
	(void)state;
	for (unsigned m = 0; m < MSG_N; m++) {
		struct sampler	 s = { m + 99, ARENA_INIT(8 << 20), 12 };
		struct arena	 a = ARENA_INIT(8 << 20);
		struct buf	 b = BUF_INIT(8 << 20);

		sample_payload(&s, m, &b);
		for (size_t bit = 0; bit < b.len * 8; bit++) {
			char	*p = buf_data(&b) + bit / 8;

			*p = (char)(*p ^ 1 << bit % 8);
			(void)decode(m, buf_str(&b), &a);
			*p = (char)(*p ^ 1 << bit % 8);
		}
		assert_int_equal(decode(m, buf_str(&b), &a), 0);
		buf_clear(&b);
		arena_clear(&a);
		arena_clear(&s.arena);
	}
}

static void
lists_and_strings_keep_their_bounds(void **state)
{
	struct rcpt_item	 items[RCPT_BATCH_MAX + 1] = { 0 };
	struct rcpt_check	 x = { .rcpts = items,
	    .n_rcpts = RCPT_BATCH_MAX + 1 };
	struct buf		 b = BUF_INIT(1 << 20);
	char			 text[ADDRESS_MAX + 1] = "";

	(void)state;
	rcpt_check_put(&b, &x);
	assert_true(b.failed);
	buf_reset(&b);
	x.n_rcpts = RCPT_BATCH_MAX;
	rcpt_check_put(&b, &x);
	assert_false(b.failed);
	x.sender = str_bytes(text, sizeof(text));
	rcpt_check_put(&b, &x);
	assert_true(b.failed);
	buf_clear(&b);
}

/* An IPv4 address has one form: the mapped one would be another client. */
static void
addresses_have_one_form(void **state)
{
	static const char	 octets[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff"
	    "\xc0\0\2\1";
	struct netaddr		 a = { .family = 6 }, out;
	struct buf		 b = BUF_INIT(64);
	struct wire		 w;

	(void)state;
	for (int family = 0; family < 256; family++) {
		memcpy(a.bytes, octets, sizeof(a.bytes));
		a.bytes[0] = family == 6 ? 0x20 : 0;
		a.family = (uint8_t)family;
		buf_reset(&b);
		fields_put_addr(&b, &a);
		wire_init(&w, buf_data(&b), b.len);
		fields_get_addr(&w, &out);
		assert_int_equal(wire_done(&w), family == 0 || family == 4 ||
		    family == 6 ? 0 : -1);
	}
	memcpy(a.bytes, octets, sizeof(a.bytes));
	a.family = 6;
	buf_reset(&b);
	fields_put_addr(&b, &a);
	wire_init(&w, buf_data(&b), b.len);
	fields_get_addr(&w, &out);
	assert_int_equal(wire_done(&w), -1);
	buf_clear(&b);
}

/* Every ask has its answer the other way round, and nobody else's. */
static void
asks_and_answers_are_pairs(void **state)
{
	unsigned	 asked[MSG_N] = { 0 };

	(void)state;
	for (unsigned m = 0; m < MSG_N; m++) {
		const struct rule	*r = message_rule(m);
		const struct rule	*answer;

		assert_string_equal(r->name, message_name(m));
		assert_true(r->senders != 0 && r->receivers != 0);
		assert_true(r->phases != 0);
		if (r->kind != KIND_ASK)
			continue;
		assert_true(r->credit > 0);
		answer = message_rule(r->answer);
		assert_int_equal(answer->kind, KIND_ANSWER);
		assert_int_equal(answer->senders, r->receivers);
		assert_int_equal(answer->receivers, r->senders);
		asked[r->answer]++;
	}
	for (unsigned m = 0; m < MSG_N; m++)
		assert_int_equal(asked[m],
		    message_rule(m)->kind == KIND_ANSWER);
	assert_null(message_rule(MSG_N));
}

/* The walls: pairs of roles that must never have a channel. */
static void
the_mesh_has_no_more_than_it_needs(void **state)
{
	static const enum role	 apart[][2] = {
		{ ROLE_SMTPD_MX, ROLE_DELIVERD_OUT },
		{ ROLE_SMTPD_MX, ROLE_DELIVERD_LOCAL },
		{ ROLE_SMTPD_MX, ROLE_KEYD_AUTH },
		{ ROLE_SMTPD_MX, ROLE_STATE },
		{ ROLE_KEYD_AUTH, ROLE_STATE },
		{ ROLE_SMTPD_MX, ROLE_KEYD_CRED },
		{ ROLE_SMTPD_MSA, ROLE_KEYD_CRED },
		{ ROLE_SMTPD_MX, ROLE_SMTPD_MX },
		{ ROLE_QUEUED, ROLE_KEYD_SIGN },
		{ ROLE_QUEUED, ROLE_KEYD_AUTH },
		{ ROLE_QUEUED, ROLE_KEYD_CRED },
		{ ROLE_QUEUED, ROLE_RESOLVERD },
		{ ROLE_DELIVERD_LOCAL, ROLE_RESOLVERD },
		{ ROLE_MAILBOX, ROLE_QUEUED },
		{ ROLE_CTL, ROLE_MASTER },
		{ ROLE_CTL, ROLE_SMTPD_MSA },
		{ ROLE_RESOLVERD, ROLE_KEYD_SIGN },
		{ ROLE_KEYD_SIGN, ROLE_KEYD_AUTH },
		{ ROLE_LOAD, ROLE_QUEUED },
		/* who hears the network reaches no socket of this host */
		{ ROLE_SMTPD_MX, ROLE_DELIVERD_CONNECT },
		{ ROLE_SMTPD_MSA, ROLE_DELIVERD_CONNECT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
		assert_false(messages_connect(apart[i][0], apart[i][1]));
	assert_true(messages_connect(ROLE_SMTPD_MX, ROLE_QUEUED));
	assert_true(messages_connect(ROLE_QUEUED, ROLE_SMTPD_MX));
	assert_true(messages_connect(ROLE_SMTPD_MX, ROLE_SMTPD_MSA));
	assert_true(messages_connect(ROLE_MASTER, ROLE_MAILBOX));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(every_payload_survives),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(flipped_bits_are_harmless),
		cmocka_unit_test(lists_and_strings_keep_their_bounds),
		cmocka_unit_test(addresses_have_one_form),
		cmocka_unit_test(asks_and_answers_are_pairs),
		cmocka_unit_test(the_mesh_has_no_more_than_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
