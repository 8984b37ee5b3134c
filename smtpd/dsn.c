/*
 * The parameters of RFC 3461, strictly: what they say ends up in header
 * fields of reports.
 */
#include "dsn.h"

#include <string.h>

#include "addr.h"
#include "buf.h"

#include "session.h"

static const struct str	 utf_8 = STR("utf-8");

static struct dsn_rcpt	 rcpt;

void
dsn_begin(void)
{
	rcpt = (struct dsn_rcpt){ 0 };
}

const struct dsn_rcpt *
dsn_rcpt(void)
{
	return &rcpt;
}

/*
 * Decodes into a buffer of the longest that is taken.  What is encoded may be
 * any octets; what it means is printable ASCII (RFC 3461 4.2, 4.4).
 */
static int
decode(struct buf *b, struct str xtext)
{
	buf_reset(b);
	b->failed = false;
	if (xtext.n == 0 || addr_xtext_decode(b, xtext) == -1)
		return -1;
	for (size_t i = 0; i < b->len; i++)
		if (buf_data(b)[i] < ' ' || buf_data(b)[i] > '~')
			return -1;
	return 0;
}

/* ---- MAIL -------------------------------------------------------------- */

const char *
dsn_take_ret(struct session *s, const struct smtp_param *p)
{
	static const struct str	 full = STR("FULL"), hdrs = STR("HDRS");

	if (str_equal_nocase(p->value, full))
		s->mail.ret = RET_FULL;
	else if (str_equal_nocase(p->value, hdrs))
		s->mail.ret = RET_HDRS;
	else
		return "501 5.5.4 RET must be FULL or HDRS";
	return NULL;
}

const char *
dsn_take_envid(struct session *s, const struct smtp_param *p)
{
	static struct buf	 text = BUF_INIT(ENVID_MAX);

	if (decode(&text, p->value) == -1)
		return "501 5.5.4 Bad ENVID";
	if (mail_keep(s, buf_str(&text), &s->mail.envid) == -1)
		return "451 4.3.0 Out of memory, try again later";
	return NULL;
}

/* ---- RCPT -------------------------------------------------------------- */

static const struct {
	struct str	 word;
	uint8_t		 bit;
} notifies[] = {
	{ STR("NEVER"), NOTIFY_NEVER },
	{ STR("SUCCESS"), NOTIFY_SUCCESS },
	{ STR("FAILURE"), NOTIFY_FAILURE },
	{ STR("DELAY"), NOTIFY_DELAY },
};

#define NOTIFIES_N	(sizeof(notifies) / sizeof(notifies[0]))

/* 0 for a word that is none of them */
static uint8_t
notify_bit(struct str word)
{
	for (size_t i = 0; i < NOTIFIES_N; i++)
		if (str_equal_nocase(notifies[i].word, word))
			return notifies[i].bit;
	return 0;
}

/* A list with commas; NEVER stands alone.  0 for what is none. */
static uint8_t
notify_parse(struct str list)
{
	const char	*comma;
	struct str	 word;
	uint8_t		 bits = 0, bit;

	for (;;) {
		comma = list.n != 0 ? memchr(list.p, ',', list.n) : NULL;
		word = list;
		if (comma != NULL)
			word.n = (size_t)(comma - list.p);
		if ((bit = notify_bit(word)) == 0)
			return 0;
		bits |= bit;
		if (comma == NULL)
			break;
		list = str_skip(list, word.n + 1);
	}
	return (bits & NOTIFY_NEVER) && bits != NOTIFY_NEVER ? 0 : bits;
}

const char *
dsn_take_notify(struct session *s, const struct smtp_param *p)
{
	(void)s;
	rcpt.notify = notify_parse(p->value);
	return rcpt.notify != 0 ? NULL : "501 5.5.4 NOTIFY must be NEVER, or "
	    "a list of SUCCESS, FAILURE and DELAY";
}

/* RFC 3461 4.2: an atom of RFC 822 */
static bool
is_type(struct str s)
{
	static const char	 specials[] = "()<>@,;:\\\".[]";

	if (s.n == 0 || s.n > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' ||
		    strchr(specials, s.p[i]) != NULL)
			return false;
	return true;
}

/* RFC 6533 3: an internationalized address has an encoding of its own. */
static int
decode_orcpt(struct buf *b, struct str type, struct str text)
{
	if (!str_equal_nocase(type, utf_8))
		return decode(b, text);
	buf_reset(b);
	b->failed = false;
	return text.n == 0 ? -1 : addr_unitext_decode(b, text);
}

const char *
dsn_take_orcpt(struct session *s, const struct smtp_param *p)
{
	static struct buf	 text = BUF_INIT(ORCPT_MAX);
	const char		*semicolon = NULL;

	(void)s;
	rcpt.type = p->value;
	if (p->value.n != 0)
		semicolon = memchr(p->value.p, ';', p->value.n);
	if (semicolon == NULL)
		return "501 5.5.4 ORCPT must be type;xtext";
	rcpt.type.n = (size_t)(semicolon - p->value.p);
	if (!is_type(rcpt.type) ||
	    decode_orcpt(&text, rcpt.type,
	    str_skip(p->value, rcpt.type.n + 1)) == -1)
		return "501 5.5.4 Bad ORCPT";
	rcpt.orcpt = buf_str(&text);
	return NULL;
}
