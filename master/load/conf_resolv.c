/*
 * resolv.conf(5): its nameserver lines.  Search lists and options are for
 * names that people type, not for mail.
 */
#include "conf_resolv.h"

#include <string.h>

#define DNS_PORT	53

static struct str
next_line(struct str *text)
{
	const char	*end = memchr(text->p, '\n', text->n);
	struct str	 line = *text;

	if (end != NULL)
		line.n = (size_t)(end - text->p);
	*text = str_skip(*text, line.n + 1);
	return line;
}

static struct str
next_word(struct str *line)
{
	size_t	 n;

	while (line->n != 0 && strchr(" \t\r", line->p[0]) != NULL)
		*line = str_skip(*line, 1);
	for (n = 0; n < line->n; n++)
		if (strchr(" \t\r", line->p[n]) != NULL)
			break;
	*line = str_skip(*line, n);
	return str_bytes(line->p - n, n);
}

static void
add(struct build *b, const struct origin *at, struct netaddr addr)
{
	struct name_server_conf	*to;

	addr.port = DNS_PORT;
	to = BUILD_ADD(b, at, &b->conf, name_servers, NAME_SERVERS_MAX);
	if (to != NULL)
		to->addr = addr;
}

static void
read_lines(struct build *b, struct str text)
{
	static const struct str	 nameserver = STR("nameserver");
	struct origin		 at = { STR(RESOLV_FILE), 0 };
	struct netaddr		 addr;
	struct str		 line, word;

	while (text.n != 0 && b->conf.n_name_servers < NAME_SERVERS_MAX) {
		at.line++;
		line = next_line(&text);
		word = next_word(&line);
		if (!str_equal(word, nameserver))
			continue;
		word = next_word(&line);
		if (netaddr_parse(&addr, word) == -1)
			report_warning(b->report, &at, "%s is not an address "
			    "that we can use", log_text(word));
		else
			add(b, &at, addr);
	}
}

void
conf_resolv_fill(struct build *b)
{
	const struct origin	 at = { STR(RESOLV_FILE), 0 };
	struct buf		 text = BUF_INIT(SYSTEM_FILE_MAX);
	struct netaddr		 self = { 4, { 127, 0, 0, 1 }, 0 };
	int			 error;

	error = b->source->read(b->source->data, str_of(RESOLV_FILE), &text);
	if (error != 0)
		report_warning(b->report, &at, "%s; the name server is "
		    "127.0.0.1", strerror(error));
	else
		read_lines(b, buf_str(&text));
	if (b->conf.n_name_servers == 0)
		add(b, &at, self);
	buf_clear(&text);
}
