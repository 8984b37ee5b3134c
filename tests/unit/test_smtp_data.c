/*
 * The data scanner, against a plain model that works on whole input: all
 * strings of up to seven octets of {CR, LF, '.', NUL, 'x'}, in all splits.
 */
#include "smtp_data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "smtp.h"

#define LONGEST		7	/* 5^7 strings, 2^6 splits each */
#define LINE_MAX_HERE	4	/* small enough to be passed by some */
#define OUT_MAX		64

/* What comes out of some input. */
struct outcome {
	char		out[OUT_MAX];
	size_t		len;
	unsigned	found;
	bool		ended;
	size_t		used;		/* octets of the input */
};

/* The model: octet by octet, with the whole input at hand. */
struct model {
	enum data_mode	mode;
	bool		normalize;
	const char	*in;
	size_t		 n, at;
	bool		 line_start;
	size_t		 line;		/* length so far */
	struct outcome	*o;
};

static bool
model_sees(const struct model *m, const char *what, size_t n)
{
	return m->n - m->at >= n && memcmp(m->in + m->at, what, n) == 0;
}

static void
model_put(struct model *m, const char *what, size_t n)
{
	memcpy(m->o->out + m->o->len, what, n);
	m->o->len += n;
}

static void
model_line_end(struct model *m)
{
	model_put(m, "\r\n", 2);
	if (m->line + 2 > LINE_MAX_HERE)
		m->o->found |= DATA_LONG_LINE;
	m->line = 0;
}

static void
model_octet(struct model *m)
{
	char	c = m->in[m->at];

	if (model_sees(m, "\r\n", 2)) {
		m->at += 2;
		m->line_start = true;
		model_line_end(m);
		return;
	}
	m->at++;
	m->line_start = false;
	if (c == '\0')
		m->o->found |= DATA_NUL;
	if (c != '\r' && c != '\n') {
		m->line++;
		model_put(m, &c, 1);
		return;
	}
	m->o->found |= c == '\r' ? DATA_BARE_CR : DATA_BARE_LF;
	if (m->normalize) {
		m->line_start = m->mode == DATA_STUFF;
		model_line_end(m);
	} else {
		m->line++;
		model_put(m, &c, 1);
	}
}

static void
model_run(struct model *m)
{
	while (m->at < m->n) {
		if (m->line_start && m->mode == DATA_UNSTUFF &&
		    model_sees(m, ".\r\n", 3)) {
			m->at += 3;
			m->o->ended = true;
			break;
		}
		if (m->line_start && model_sees(m, ".", 1)) {
			if (m->mode == DATA_STUFF)
				model_put(m, ".", 1);
			if (m->mode == DATA_UNSTUFF) {
				m->at++;
				m->line_start = false;
				continue;
			}
		}
		model_octet(m);
	}
	if (m->mode == DATA_STUFF) {
		if (!m->line_start)
			model_line_end(m);
		model_put(m, ".\r\n", 3);
	}
	m->o->used = m->at;
}

static void
feed(struct data_scan *s, struct outcome *o, struct str in)
{
	struct str	run, left = in;

	while (data_scan_next(s, &left, &run)) {
		if (run.n == 0 || o->len + run.n > OUT_MAX)
			fail_msg("a run of %zu octets", run.n);
		memcpy(o->out + o->len, run.p, run.n);
		o->len += run.n;
	}
	if (left.n != 0 && !s->ended)
		fail_msg("input was left");
	o->used += in.n - left.n;
}

/* Bit i of cuts: a read ends behind octet i. */
static void
scan_split(struct data_scan *s, struct outcome *o, struct str in,
    unsigned cuts)
{
	size_t		from = 0;
	struct str	rest = STR_NONE;

	*o = (struct outcome){ .len = 0 };
	for (size_t i = 0; i < in.n; i++)
		if (i + 1 == in.n || (cuts >> i & 1)) {
			feed(s, o, str_bytes(in.p + from, i + 1 - from));
			from = i + 1;
			if (s->ended)
				break;
		}
	if (!s->ended)
		rest = data_scan_finish(s);
	if (rest.n != 0)
		memcpy(o->out + o->len, rest.p, rest.n);
	o->len += rest.n;
	o->found = s->found;
	o->ended = s->ended;
	if (s->size != o->len)
		fail_msg("size does not count what was given out");
}

static bool
same(const struct outcome *a, const struct outcome *b)
{
	return a->len == b->len && memcmp(a->out, b->out, a->len) == 0 &&
	    a->found == b->found && a->ended == b->ended &&
	    a->used == b->used;
}

/* Without an end, what is held back cannot be told from one that comes. */
static bool
is_start_of(const struct outcome *want, const struct outcome *got)
{
	return !got->ended && got->used == want->used &&
	    got->len <= want->len && want->len - got->len <= 2 &&
	    memcmp(want->out, got->out, got->len) == 0 &&
	    (got->found & ~want->found) == 0;
}

static void
explain(struct str in, unsigned cuts, const struct outcome *want,
    const struct outcome *got)
{
	for (size_t i = 0; i < in.n; i++)
		print_error("%02x ", (unsigned)in.p[i]);
	fail_msg("cuts %x: len %zu found %x ended %d used %zu, "
	    "wanted %zu %x %d %zu", cuts, got->len, got->found, got->ended,
	    got->used, want->len, want->found, want->ended, want->used);
}

static void
check_string(enum data_mode mode, bool normalize, struct str in)
{
	struct outcome		want = { .len = 0 }, got;
	struct model		m = {
		mode, normalize || mode == DATA_STUFF, in.p, in.n, 0, true, 0,
		&want
	};
	struct data_scan	s;
	unsigned		splits = in.n > 1 ? 1u << (in.n - 1) : 1;

	model_run(&m);
	for (unsigned cuts = 0; cuts < splits; cuts++) {
		data_scan_init(&s, mode, normalize, LINE_MAX_HERE);
		scan_split(&s, &got, in, cuts);
		if (mode == DATA_UNSTUFF && !want.ended ?
		    !is_start_of(&want, &got) : !same(&want, &got))
			explain(in, cuts, &want, &got);
	}
}

/*
 * suffix: what is put behind each string, so that there is an end to find.
 * The longest strings are for what faces the network; one octet less takes
 * every transition of the other modes.
 */
static void
check_all(enum data_mode mode, bool normalize, const char *suffix, size_t max)
{
	static const char	alphabet[5] = "\r\n.\0x";
	char			text[LONGEST + 8];
	size_t			len = strlen(suffix), total = 1;

	for (size_t n = 0; n <= max; n++, total *= 5)
		for (size_t i = 0; i < total; i++) {
			size_t	v = i;

			for (size_t k = 0; k < n; k++, v /= 5)
				text[k] = alphabet[v % 5];
			memcpy(text + n, suffix, len);
			check_string(mode, normalize,
			    str_bytes(text, n + len));
		}
}

static void
test_unstuff(void **state)
{
	(void)state;
	check_all(DATA_UNSTUFF, false, "", LONGEST);
	check_all(DATA_UNSTUFF, false, "\r\n.\r\n", LONGEST - 3);
	check_all(DATA_UNSTUFF, false, "\r\n.\r\nQ", LONGEST - 4);
}

static void
test_unstuff_normalizing(void **state)
{
	(void)state;
	check_all(DATA_UNSTUFF, true, "", LONGEST - 1);
	check_all(DATA_UNSTUFF, true, "\r\n.\r\n", LONGEST - 3);
}

static void
test_plain(void **state)
{
	(void)state;
	check_all(DATA_PLAIN, false, "", LONGEST - 1);
	check_all(DATA_PLAIN, true, "", LONGEST - 1);
}

static void
test_stuff(void **state)
{
	(void)state;
	check_all(DATA_STUFF, false, "", LONGEST - 1);
}

/* What goes out can be read only one way, and is what was meant. */
static void
test_stuff_then_unstuff(void **state)
{
	static const char	alphabet[5] = "\r\n.\0x";
	struct data_scan	out, in, norm;
	struct outcome		sent, got, want;
	char			text[6];

	(void)state;
	for (size_t i = 0; i < 15625; i++) {
		size_t	v = i;

		for (size_t k = 0; k < sizeof(text); k++, v /= 5)
			text[k] = alphabet[v % 5];
		data_scan_init(&out, DATA_STUFF, false, 0);
		scan_split(&out, &sent, str_bytes(text, sizeof(text)), 0);
		data_scan_init(&in, DATA_UNSTUFF, false, 0);
		scan_split(&in, &got, str_bytes(sent.out, sent.len), 0);
		data_scan_init(&norm, DATA_PLAIN, true, 0);
		scan_split(&norm, &want, str_bytes(text, sizeof(text)), 0);
		assert_true(got.ended && got.used == sent.len);
		assert_int_equal(got.found & ~(unsigned)DATA_NUL, 0);
		assert_true(got.len == want.len || got.len == want.len + 2);
		assert_memory_equal(got.out, want.out, want.len);
	}
}

static void
test_line_limit(void **state)
{
	static char		line[SMTP_TEXT_LINE_MAX + 8];
	struct data_scan	s;
	struct str		in, run;

	(void)state;
	for (size_t dot = 0; dot < 2; dot++)
		for (size_t n = SMTP_TEXT_LINE_MAX - 1;
		    n <= SMTP_TEXT_LINE_MAX + 1; n++) {
			/* a dot that was added does not count */
			memset(line, '.', dot);
			memset(line + dot, 'x', n - 2);
			memcpy(line + dot + n - 2, "\r\n.\r\n", 5);
			data_scan_init(&s, DATA_UNSTUFF, false,
			    SMTP_TEXT_LINE_MAX);
			in = str_bytes(line, dot + n + 3);
			while (data_scan_next(&s, &in, &run))
				continue;
			assert_true(s.ended);
			assert_int_equal(s.size, n);
			assert_int_equal(s.found, n > SMTP_TEXT_LINE_MAX ?
			    DATA_LONG_LINE : 0);
		}
}

/* Every octet, at every place in a word of the fast loop. */
static void
test_every_octet(void **state)
{
	char			text[40];
	struct data_scan	s;
	struct str		in, run;
	unsigned		want;

	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t at = 1; at < 32; at++) {
			memset(text, 'x', 32);
			text[at] = (char)c;
			memcpy(text + 33 - 1, "\r\n.\r\n\377\377", 7);
			want = c == '\r' ? DATA_BARE_CR :
			    c == '\n' ? DATA_BARE_LF : c == 0 ? DATA_NUL :
			    c >= 0x80 ? DATA_8BIT : 0;
			if (c == '\r' && at == 31)
				continue;	/* CR CR LF: in check_all */
			data_scan_init(&s, DATA_UNSTUFF, false, 0);
			in = str_bytes(text, 39);
			while (data_scan_next(&s, &in, &run))
				continue;
			assert_true(s.ended);
			assert_int_equal(s.found, want);
			assert_int_equal(in.n, 2);
			assert_int_equal(s.size, 34);
		}
}

static void
test_into_a_buffer(void **state)
{
	struct data_scan	s;
	struct buf		out = BUF_INIT(8);
	struct str		in = STR("..a\r\n.\r\nQUIT");

	(void)state;
	data_scan_init(&s, DATA_UNSTUFF, false, 0);
	assert_int_equal(data_scan_put(&s, &in, &out), 0);
	assert_true(str_equal(buf_str(&out), str_of(".a\r\n")));
	assert_true(str_equal(in, str_of("QUIT")));
	in = str_of("123456789");
	data_scan_init(&s, DATA_UNSTUFF, false, 0);
	assert_int_equal(data_scan_put(&s, &in, &out), -1);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_unstuff),
		cmocka_unit_test(test_unstuff_normalizing),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_stuff),
		cmocka_unit_test(test_stuff_then_unstuff),
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_every_octet),
		cmocka_unit_test(test_into_a_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
