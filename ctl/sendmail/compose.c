/*
 * Header sections on their way out.  Fields that we do not know are copied
 * octet for octet; those of addresses too, but for what is put in between.
 */
#include "compose.h"

#include "addrlist.h"
#include "phrase.h"

#define FIELD_MAX	8192	/* of one that we write: a name, an address */

enum {
	F_ADDRESSES	= 0x01,		/* holds an address list */
	F_RCPT		= 0x02,		/* of recipients, for -t */
	F_RESENT	= 0x04,
	F_SECRET	= 0x08		/* RFC 5322 3.6.3: not sent on */
};

static const struct {
	struct str	name;
	unsigned	flags;
} kinds[] = {
	{ STR("From"), F_ADDRESSES },
	{ STR("Sender"), F_ADDRESSES },
	{ STR("Reply-To"), F_ADDRESSES },
	{ STR("To"), F_ADDRESSES | F_RCPT },
	{ STR("Cc"), F_ADDRESSES | F_RCPT },
	{ STR("Bcc"), F_ADDRESSES | F_RCPT | F_SECRET },
	{ STR("Resent-From"), F_ADDRESSES | F_RESENT },
	{ STR("Resent-Sender"), F_ADDRESSES | F_RESENT },
	{ STR("Resent-To"), F_ADDRESSES | F_RCPT | F_RESENT },
	{ STR("Resent-Cc"), F_ADDRESSES | F_RCPT | F_RESENT },
	{ STR("Resent-Bcc"), F_ADDRESSES | F_RCPT | F_RESENT | F_SECRET },
};

static unsigned
kind_of(const struct header_field *f)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_equal_nocase(kinds[i].name, f->name))
			return kinds[i].flags;
	return 0;
}

static bool
is_resent(struct str block)
{
	static const struct str	prefix = STR("Resent-");
	struct header_field	f;

	while (header_next(&block, &f))
		if (str_starts_nocase(f.name, prefix))
			return true;
	return false;
}

/* ---- what was missing -------------------------------------------------- */

static void
put_from(struct buf *b, const char *field, const struct writing *w)
{
	struct buf	 value = BUF_INIT(FIELD_MAX);

	if (w->name.n != 0) {
		phrase_put(&value, w->name);
		buf_puts(&value, " <");
	}
	addr_put(&value, &w->author);
	if (w->name.n != 0)
		buf_putc(&value, '>');
	header_put_field(b, field, buf_str(&value));
	b->failed |= value.failed;
	buf_clear(&value);
}

static void
put_date(struct buf *b, const char *field, const struct writing *w)
{
	char	 date[HEADER_DATE_MAX];

	header_put_field(b, field,
	    str_of(header_date(date, w->now, w->offset)));
}

static void
put_message_id(struct buf *b, const char *field, const struct writing *w)
{
	buf_printf(b, "%s: ", field);
	header_put_message_id(b, w->now, w->unique, w->host);
	buf_puts(b, "\r\n");
}

/* RFC 6409 8.2 and 8.3; From is as needed (RFC 5322 3.6). */
static void
put_missing(struct buf *b, struct str block, const struct writing *w)
{
	static const struct {
		const char	*field, *resent;
		void		(*put)(struct buf *, const char *,
				    const struct writing *);
	} needed[] = {
		{ "Message-ID", "Resent-Message-ID", put_message_id },
		{ "Date", "Resent-Date", put_date },
		{ "From", "Resent-From", put_from },
	};
	bool			 resent = is_resent(block);
	struct header_field	 f;
	const char		*name;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		name = resent ? needed[i].resent : needed[i].field;
		if (!header_find(block, name, &f))
			needed[i].put(b, name, w);
	}
}

/* ---- what was there ---------------------------------------------------- */

/*
 * The addresses of a field get their domains.  A field that is no address
 * list stays as it is from the first fault on: its reader may know better.
 */
static void
put_qualified(struct buf *b, const struct header_field *f, struct str host)
{
	char			 store[ADDR_STORE_MAX];
	struct addrlist_item	 item;
	struct addrlist		 l;
	struct str		 rest = f->raw;
	size_t			 done = 0, at;

	addrlist_init(&l, f->value);
	while (addrlist_next(&l, store, &item) == 1) {
		if (item.addr.domain.n != 0)
			continue;
		at = (size_t)(f->value.p - f->raw.p) + item.local_end;
		buf_put(b, rest.p, at - done);
		buf_putc(b, '@');
		buf_put_str(b, host);
		rest = str_skip(rest, at - done);
		done = at;
	}
	buf_put_str(b, rest);
}

int
compose_header(struct buf *b, struct str block, const struct writing *w)
{
	struct header_field	 f;
	unsigned		 kind;

	put_missing(b, block, w);
	while (header_next(&block, &f)) {
		kind = kind_of(&f);
		if ((kind & F_SECRET) != 0)
			continue;
		if ((kind & F_ADDRESSES) != 0)
			put_qualified(b, &f, w->host);
		else
			buf_put_str(b, f.raw);
	}
	return b->failed ? -1 : 0;
}

enum recipients_result
compose_recipients(struct str block, struct recipients *r,
    struct header_field *field)
{
	enum recipients_result	 result;
	unsigned		 kind, resent;

	resent = is_resent(block) ? F_RESENT : 0;
	while (header_next(&block, field)) {
		kind = kind_of(field);
		if ((kind & F_RCPT) == 0 || (kind & F_RESENT) != resent)
			continue;
		result = recipients_add(r, field->value);
		if (result != RECIPIENTS_OK)
			return result;
	}
	return RECIPIENTS_OK;
}
