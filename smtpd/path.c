/*
 * What MAIL and RCPT have in common.  The grammar itself is common's.
 */
#include "path.h"

#include <stdint.h>
#include <stdio.h>

#include "addr.h"

#include "idn.h"

static enum addr_result
parse(const struct session *s, const struct path_kind *kind, struct str *rest,
    struct addr *a)
{
	static char		 store[ADDR_STORE_MAX], name[DOMAIN_MAX];
	unsigned		 flags = kind->flags;
	enum addr_result	 r;

	if (!s->set->is.strict_envelope)
		flags |= ADDR_LENIENT;
	if (s->esmtp)
		flags |= ADDR_UTF8 | ADDR_ULABEL;
	r = addr_parse_path(rest, flags, store, a);
	if (r == ADDR_OK && !str_is_ascii(a->domain) &&
	    idn_to_ascii(a->domain, name, &a->domain) == -1)
		return ADDR_BAD_DOMAIN;
	return r;
}

int
path_parse(const struct session *s, const struct path_kind *kind,
    struct str arg, struct str *address, struct str *rest,
    char why[PATH_REPLY_MAX])
{
	static struct buf	 text = BUF_INIT(ADDR_TEXT_MAX);
	enum addr_result	 r;
	struct addr		 a;

	if (!str_starts_nocase(arg, kind->keyword)) {
		snprintf(why, PATH_REPLY_MAX, "501 5.5.4 Syntax: %s",
		    kind->syntax);
		return -1;
	}
	*rest = str_skip(arg, kind->keyword.n);
	buf_reset(&text);
	r = parse(s, kind, rest, &a);
	/* quoting may have made it longer than an envelope takes */
	if (r == ADDR_OK &&
	    (addr_put(&text, &a) == -1 || text.len > ADDRESS_MAX))
		r = ADDR_TOO_LONG;
	if (r != ADDR_OK) {
		snprintf(why, PATH_REPLY_MAX, "%s %s Error: %s",
		    r == ADDR_NO_DOMAIN ? "553" : "501", kind->code,
		    addr_result_text(r));
		return -1;
	}
	*address = buf_str(&text);
	return 0;
}

const char *
path_params(struct session *s, const struct path_param *table,
    struct str rest)
{
	struct smtp_param	 param;
	const char		*reply;
	uint32_t		 seen = 0;
	size_t			 i;
	int			 r;

	while ((r = smtp_param_next(&rest, s->mail.utf8, &param)) == 1) {
		for (i = 0; table[i].key != NULL; i++)
			if (smtp_param_is(&param, table[i].key))
				break;
		if (table[i].key == NULL)
			return "555 5.5.4 Unsupported parameter";
		if (seen & UINT32_C(1) << i)
			return "501 5.5.4 A parameter was given twice";
		seen |= UINT32_C(1) << i;
		if ((reply = table[i].take(s, &param)) != NULL)
			return reply;
	}
	return r == 0 ? NULL : "501 5.5.4 Bad parameter syntax";
}
