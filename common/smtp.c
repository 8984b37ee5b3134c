/*
 * Command lines, ESMTP parameters and EHLO keywords.  All of it borrows from
 * the line it is given and allocates nothing.
 */
#include "smtp.h"

#include "addr.h"

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct str
skip_blanks(struct str s)
{
	while (s.n != 0 && is_blank(s.p[0]))
		s = str_skip(s, 1);
	return s;
}

/* Takes what stands before the next blank off the front of *s. */
static struct str
take_word(struct str *s)
{
	struct str	word;
	size_t		n = 0;

	*s = skip_blanks(*s);
	while (n < s->n && !is_blank(s->p[n]))
		n++;
	word = str_bytes(s->p, n);
	*s = str_skip(*s, n);
	return word;
}

int
smtp_command_split(struct str line, struct str *verb, struct str *arg)
{
	size_t	n = 0;

	*verb = *arg = STR_NONE;
	for (size_t i = 0; i < line.n; i++)
		if ((line.p[i] >= 0 && line.p[i] < ' ' &&
		    line.p[i] != '\t') || line.p[i] == 0x7f)
			return -1;
	while (n < line.n && is_alnum(line.p[n]))
		n++;
	if (n == 0 || (n < line.n && !is_blank(line.p[n])))
		return -1;
	while (is_blank(line.p[line.n - 1]))
		line.n--;
	*verb = str_bytes(line.p, n);
	*arg = skip_blanks(str_skip(line, n));
	return 0;
}

/* RFC 5321 4.1.2 esmtp-keyword */
static bool
is_keyword(struct str s)
{
	if (s.n == 0 || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

/* RFC 5321 4.1.2 esmtp-value; RFC 6531 3.6 adds UTF-8 */
static bool
is_value(struct str s, bool utf8)
{
	size_t	n;

	if (s.n == 0)
		return false;
	for (; s.n != 0; s = str_skip(s, n)) {
		n = 1;
		if (s.p[0] > ' ' && s.p[0] <= '~' && s.p[0] != '=')
			continue;
		if (!utf8 || (n = addr_utf8_char(s)) == 0)
			return false;
	}
	return true;
}

int
smtp_param_next(struct str *rest, bool utf8, struct smtp_param *param)
{
	struct str	 word = take_word(rest);
	const char	*equals;

	*param = (struct smtp_param){ word, STR_NONE, false };
	if (word.n == 0)
		return 0;
	if ((equals = memchr(word.p, '=', word.n)) != NULL) {
		param->has_value = true;
		param->key.n = (size_t)(equals - word.p);
		param->value = str_skip(word, param->key.n + 1);
		if (!is_value(param->value, utf8))
			return -1;
	}
	return is_keyword(param->key) ? 1 : -1;
}

bool
smtp_param_is(const struct smtp_param *param, const char *key)
{
	return str_equal_nocase(param->key, str_of(key));
}

int
smtp_number(struct str s, uint64_t *number)
{
	uint64_t	v = 0;

	*number = 0;
	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9' ||
		    __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return -1;
	*number = v;
	return 0;
}

static void
add_size(struct smtp_caps *caps, struct str arg)
{
	smtp_number(take_word(&arg), &caps->size);
}

static void
add_auth(struct smtp_caps *caps, struct str arg)
{
	static const struct {
		struct str	name;
		unsigned	flag;
	} mechanisms[] = {
		{ STR("PLAIN"), SMTP_AUTH_PLAIN },
		{ STR("LOGIN"), SMTP_AUTH_LOGIN },
		{ STR("CRAM-MD5"), SMTP_AUTH_CRAM_MD5 },
		{ STR("SCRAM-SHA-256"), SMTP_AUTH_SCRAM_SHA_256 },
		{ STR("SCRAM-SHA-256-PLUS"), SMTP_AUTH_SCRAM_PLUS },
		{ STR("XOAUTH2"), SMTP_AUTH_XOAUTH2 },
		{ STR("OAUTHBEARER"), SMTP_AUTH_OAUTHBEARER },
		{ STR("EXTERNAL"), SMTP_AUTH_EXTERNAL },
	};
	struct str	word;

	while ((word = take_word(&arg)).n != 0)
		for (size_t i = 0;
		    i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
			if (str_equal_nocase(word, mechanisms[i].name))
				caps->auth |= mechanisms[i].flag;
}

/* RFC 9422 4: a value that is no number is as if it were not there */
static void
add_limits(struct smtp_caps *caps, struct str arg)
{
	struct smtp_param	param;
	int			r;

	while ((r = smtp_param_next(&arg, false, &param)) != 0) {
		if (r == -1)
			continue;
		if (smtp_param_is(&param, "MAILMAX"))
			smtp_number(param.value, &caps->mail_max);
		else if (smtp_param_is(&param, "RCPTMAX"))
			smtp_number(param.value, &caps->rcpt_max);
		else if (smtp_param_is(&param, "RCPTDOMAINMAX"))
			smtp_number(param.value, &caps->rcpt_domain_max);
	}
}

static const struct {
	struct str	 name;
	unsigned	 flag;
	void		(*add)(struct smtp_caps *, struct str);
} keywords[] = {
	{ STR("PIPELINING"), SMTP_CAP_PIPELINING, NULL },
	{ STR("SIZE"), SMTP_CAP_SIZE, add_size },
	{ STR("8BITMIME"), SMTP_CAP_8BITMIME, NULL },
	{ STR("ENHANCEDSTATUSCODES"), SMTP_CAP_ENHANCED, NULL },
	{ STR("STARTTLS"), SMTP_CAP_STARTTLS, NULL },
	{ STR("SMTPUTF8"), SMTP_CAP_SMTPUTF8, NULL },
	{ STR("DSN"), SMTP_CAP_DSN, NULL },
	{ STR("CHUNKING"), SMTP_CAP_CHUNKING, NULL },
	{ STR("LIMITS"), SMTP_CAP_LIMITS, add_limits },
	{ STR("AUTH"), SMTP_CAP_AUTH, add_auth },
	{ STR("BINARYMIME"), SMTP_CAP_BINARYMIME, NULL },
	{ STR("REQUIRETLS"), SMTP_CAP_REQUIRETLS, NULL },
	{ STR("XCLIENT"), SMTP_CAP_XCLIENT, NULL },
};

void
smtp_caps_add(struct smtp_caps *caps, struct str line)
{
	static const struct str	auth_equals = STR("AUTH=");
	struct str		word;

	/* what servers said before RFC 2554, and some still say */
	if (str_starts_nocase(line, auth_equals)) {
		caps->flags |= SMTP_CAP_AUTH;
		add_auth(caps, str_skip(line, auth_equals.n));
		return;
	}
	word = take_word(&line);
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (str_equal_nocase(word, keywords[i].name)) {
			caps->flags |= keywords[i].flag;
			if (keywords[i].add != NULL)
				keywords[i].add(caps, line);
		}
}

void
smtp_caps_parse(struct smtp_caps *caps, struct str text)
{
	const char	*newline;
	struct str	 line;
	bool		 greeting = true;

	*caps = (struct smtp_caps){ 0 };
	while (text.n != 0) {
		newline = memchr(text.p, '\n', text.n);
		line = text;
		if (newline != NULL)
			line.n = (size_t)(newline - text.p);
		if (!greeting)
			smtp_caps_add(caps, line);
		greeting = false;
		text = str_skip(text, line.n + 1);
	}
}
