/*
 * Results.  Replies are a server's text: they are made printable before a
 * terminal sees them.
 */
#include "result.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "bounds.h"
#include "header.h"

/* By RFC 3463 3; the detail 0 is any that has no row before it. */
static const struct {
	unsigned	subject, detail;
	int		code;
} codes[] = {
	{ 1, 2, EX_NOHOST },		/* no such domain */
	{ 1, 7, EX_DATAERR },		/* the sender's address */
	{ 1, 8, EX_DATAERR },
	{ 1, 0, EX_NOUSER },
	{ 3, 4, EX_DATAERR },		/* too large */
	{ 5, 0, EX_PROTOCOL },
	{ 6, 0, EX_DATAERR },		/* of its content */
};

int
result_code(const struct smtp_status *s)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (s->class != 0 && s->subject == codes[i].subject &&
		    (codes[i].detail == 0 || s->detail == codes[i].detail))
			return codes[i].code;
	return EX_UNAVAILABLE;
}

/* "550 5.1.1 text", as far as there is room. */
static void
print_reply(char text[RESULT_TEXT_MAX], const struct smtp_reply *r)
{
	char		 enhanced[SMTP_ENHANCED_MAX] = "";
	struct buf	 safe = BUF_INIT(REPLY_TEXT_MAX);

	header_put_safe(&safe, buf_str(&r->text), REPLY_TEXT_MAX);
	if (r->status.class != 0)
		smtp_enhanced_print(&r->status, enhanced);
	snprintf(text, RESULT_TEXT_MAX, "%u %s%s%.*s", r->status.code,
	    enhanced, enhanced[0] != '\0' ? " " : "",
	    STR_FMT(buf_str(&safe)));
	buf_clear(&safe);
}

void
result_refused(struct result *result, const struct buf *recipient,
    const struct smtp_reply *r)
{
	char	 text[RESULT_TEXT_MAX];

	print_reply(text, r);
	if (recipient != NULL)
		warnx("<%.*s>: %s", STR_FMT(buf_str(recipient)), text);
	else
		warnx("%s", text);
	if (result->code == EX_OK)
		result->code = result_code(&r->status);
}

void
result_temporary(struct result *result, const struct smtp_reply *r)
{
	print_reply(result->temporary, r);
}

void
result_lost(struct result *result, const char *socket, int error)
{
	snprintf(result->temporary, RESULT_TEXT_MAX, "%s: %s", socket,
	    error == 0 ? "the server has closed the connection" :
	    strerror(error));
}

int
result_given_up(const struct result *result)
{
	warnx("not sent, try again later: %s", result->temporary);
	return EX_TEMPFAIL;
}
