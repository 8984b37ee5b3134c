/*
 * Received: who said they were whom, from where, to whom, as what, when.
 * Everything remote in it has passed a grammar: it holds no line end.
 */
#include "received.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain.h"
#include "header.h"

#include "secure.h"
#include "session.h"

/* A name that is none stands in a comment, which it must not end. */
static void
comment_put(char *to, size_t size, struct str s)
{
	size_t	n;

	for (n = 0; n < s.n && n + 1 < size; n++)
		to[n] = strchr("()\\\"", s.p[n]) != NULL ? '?' : s.p[n];
	to[n] = '\0';
}

/* The FROM clause: "name ([192.0.2.1])", "[192.0.2.1] (helo odd!)". */
static void
from_print(const struct session *s, char *to, size_t size)
{
	char		 literal[NETADDR_TEXT_MAX], odd[HELO_MAX + 1];
	struct str	 helo = mail_helo(s);

	if (s->client.family == 0)
		snprintf(literal, sizeof(literal), "uid %" PRIu32, s->uid);
	else
		netaddr_print_literal(&s->client, literal);
	if (domain_helo_check(helo) != HELO_ODD) {
		snprintf(to, size, "%.*s (%s)", STR_FMT(helo), literal);
		return;
	}
	comment_put(odd, sizeof(odd), helo);
	snprintf(to, size, "%s (helo %s)",
	    s->client.family == 0 ? "localhost" : literal, odd);
}

int
received_put(struct buf *b, const struct session *s)
{
	char		 text[RECEIVED_MAX], from[2 * HELO_MAX];
	char		 date[HEADER_DATE_MAX], to[ADDRESS_MAX + 16] = "";
	const char	*cipher = secure_cipher(s);
	struct str	 rcpt;
	int		 n;

	from_print(s, from, sizeof(from));
	if (s->mail.n_rcpts == 1) {
		/* with more, each would learn of the others: RFC 5321 7.6 */
		rcpt = mail_rcpt(s, 0);
		snprintf(to, sizeof(to), "\r\n\tfor <%.*s>", STR_FMT(rcpt));
	}
	n = snprintf(text, sizeof(text),
	    "Received: from %s\r\n"
	    "\tby %.*s (postern) with %s id %s%s%s%s;\r\n"
	    "\t%s\r\n",
	    from, STR_FMT(s->set->hostname), session_protocol(s),
	    msgid_text(&s->mail.id), to,
	    /* RFC 8314 7.4 */
	    cipher != NULL ? "\r\n\ttls " : "", cipher != NULL ? cipher : "",
	    header_date(date, (time_t)s->mail.arrived, 0));
	if (n < 0 || (size_t)n >= sizeof(text))
		return -1;
	return buf_put(b, text, (size_t)n);
}
