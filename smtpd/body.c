/*
 * Mail data from the wire to memory or to a file.  The scanner says which
 * octets belong to the message; here they are divided at the empty line, and
 * counted.  Writes to the file go to the page cache and are not synced:
 * durability is queued's business.
 */
#include "body.h"

#include <errno.h>
#include <unistd.h>

#include "io.h"

#include "queue_client.h"
#include "received.h"
#include "session.h"

#define HEADER_FIRST	4096	/* nearly every header block, in one piece */
/* what is collected before there is a file, and between writes to it: one
 * input (what was left over, then a read) beyond the limit */
#define CONTENT_MAX	(BODY_INLINE_MAX + 2 * IO_READ_MAX)

void
body_init(struct body *b)
{
	*b = (struct body){ .fd = -1 };
	buf_init(&b->header, HEADER_MAX);
	buf_init(&b->content, CONTENT_MAX);
}

/* Forgets what was collected, not how the data is to be read. */
static void
let_go(struct body *b)
{
	buf_clear(&b->header);
	buf_clear(&b->content);
	if (b->fd == -1)
		return;
	close(b->fd);
	b->fd = -1;
	queue_drop_large(b->large, b->epoch);
}

void
body_reset(struct body *b)
{
	let_go(b);
	body_init(b);
}

size_t
body_held(const struct body *b)
{
	return b->header.size + b->content.size;
}

int
body_start(struct session *s)
{
	struct body	*b = &s->body;

	data_scan_init(&b->scan, DATA_UNSTUFF,
	    s->set->is.bare_newline == NEWLINE_NORMALIZE, 0);
	b->block_left = DATA_BLOCK;
	if (buf_room(&b->header, HEADER_FIRST) == NULL ||
	    received_put(&b->header, s) == -1) {
		body_reset(b);
		return -1;
	}
	b->received_len = b->header.len;
	b->active = true;
	return 0;
}

/* The first fault is the one that is told. */
static void
set_fault(struct body *b, enum body_fault fault)
{
	if (b->fault != BODY_FINE)
		return;
	b->fault = fault;
	let_go(b);
}

static void
write_out(struct body *b)
{
	ssize_t	 n;

	while (b->content.len != 0) {
		n = write(b->fd, buf_data(&b->content), b->content.len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			set_fault(b, errno == ENOSPC || errno == EDQUOT ||
			    errno == EFBIG ? BODY_NO_SPACE : BODY_NO_FILE);
			return;
		}
		b->file_size += (uint64_t)n;
		buf_consume(&b->content, (size_t)n);
	}
}

static struct str
their_header(const struct body *b)
{
	return str_skip(buf_str(&b->header), b->received_len);
}

static bool
is_rcpt(const struct session *s, struct str address)
{
	for (size_t i = 0; i < s->mail.n_rcpts; i++)
		if (str_equal_nocase(mail_rcpt(s, i), address))
			return true;
	return false;
}

/*
 * A mailbox would return what it has delivered before.  That field is easily
 * forged, as the sender is whom we would return it to; so it is refused here,
 * where it is still somebody else's.
 */
static bool
was_delivered(const struct session *s, struct str rest)
{
	struct header_field	 f;
	struct buf		 value = BUF_INIT(HEADER_TAKEN_MAX);
	unsigned		 n = 0;
	bool			 found = false;

	while (!found && header_find(rest, "Delivered-To", &f)) {
		buf_reset(&value);
		header_unfold(&value, f.value);
		found = ++n > DELIVERED_MAX || is_rcpt(s, buf_str(&value));
		rest = str_skip(rest, (size_t)(f.raw.p + f.raw.n - rest.p));
	}
	buf_clear(&value);
	return found;
}

/* RFC 5321 6.3: counting Received fields finds loops. */
static void
header_ended(struct session *s)
{
	struct body	*b = &s->body;
	struct str	 theirs = their_header(b);

	if (s->set->hop_limit != 0 && header_hops(theirs) > s->set->hop_limit)
		set_fault(b, BODY_LOOPS);
	else if (was_delivered(s, theirs))
		set_fault(b, BODY_DELIVERED);
}

/* RFC 5322 2.2; blanks before the colon are those of 4.5.3 there. */
static enum first_line
first_step(enum first_line was, char c)
{
	bool	 blank = c == ' ' || c == '\t';

	/* a line that begins blank would go on in our own field above it */
	if (was == FIRST_NONE && c == '\r')
		return FIRST_HEADER;
	if (was != FIRST_NONE && c == ':')
		return FIRST_HEADER;
	if (was != FIRST_NONE && blank)
		return FIRST_BLANKS;
	if (was != FIRST_BLANKS && c > ' ' && c <= '~' && c != ':')
		return FIRST_NAME;
	return FIRST_BODY;
}

/*
 * Looks at the first line until it is known what it is.  What of it was
 * taken for header goes in front of the body.
 */
static void
look_at_first(struct body *b, struct str run)
{
	while (run.n != 0 && b->first < FIRST_HEADER) {
		b->first = first_step(b->first, run.p[0]);
		run = str_skip(run, 1);
	}
	if (b->first != FIRST_BODY)
		return;
	b->end.found = true;
	if (buf_put_str(&b->content, their_header(b)) == -1)
		set_fault(b, BODY_NO_MEMORY);
	buf_truncate(&b->header, b->received_len);
	if (buf_puts(&b->header, "\r\n") == -1)
		set_fault(b, BODY_NO_MEMORY);
}

/* Takes what belongs to the header block off the front of *run. */
static void
keep_header(struct session *s, struct str *run)
{
	struct body	*b = &s->body;
	size_t		 n = header_end_find(&b->end, *run);

	if (b->header.len - b->received_len + n > HEADER_TAKEN_MAX) {
		set_fault(b, BODY_HEADER_TOO_LARGE);
		return;
	}
	if (buf_put(&b->header, run->p, n) == -1) {
		set_fault(b, BODY_NO_MEMORY);
		return;
	}
	*run = str_skip(*run, n);
	if (b->end.found)
		header_ended(s);
}

static void
keep(struct session *s, struct str run)
{
	struct body	*b = &s->body;

	if (b->scan.size > s->set->is.message_size)
		set_fault(b, BODY_TOO_LARGE);
	if (b->fault == BODY_FINE && b->first < FIRST_HEADER)
		look_at_first(b, run);
	if (b->fault == BODY_FINE && !b->end.found)
		keep_header(s, &run);
	if (b->fault != BODY_FINE)
		return;
	if (buf_put_str(&b->content, run) == -1)
		set_fault(b, BODY_NO_MEMORY);
	else if (b->fd != -1 && b->content.len >= BODY_INLINE_MAX)
		write_out(b);
}

static bool
needs_file(const struct body *b)
{
	return b->fault == BODY_FINE && b->fd == -1 &&
	    b->content.len > BODY_INLINE_MAX;
}

/* What the scanner has seen that does not belong into mail. */
static void
judge(struct session *s)
{
	struct body	*b = &s->body;

	if ((b->scan.found & (DATA_BARE_CR | DATA_BARE_LF)) != 0 &&
	    s->set->is.bare_newline == NEWLINE_REJECT)
		set_fault(b, BODY_BARE_NEWLINE);
	if ((b->scan.found & DATA_NUL) != 0)
		set_fault(b, BODY_NUL);
}

enum body_state
body_input(struct session *s, struct str *in)
{
	struct body	*b = &s->body;
	struct str	 run;
	size_t		 used, n = in->n;

	while (!needs_file(b) && data_scan_next(&b->scan, in, &run))
		keep(s, run);
	judge(s);
	if (needs_file(b))
		return BODY_NEEDS_FILE;
	if (b->scan.ended)
		return BODY_ENDED;
	used = n - in->n;
	if (used < b->block_left) {
		b->block_left -= used;
		return BODY_MORE;
	}
	b->block_left = DATA_BLOCK;
	return BODY_BLOCK;
}

void
body_file(struct session *s, int fd, uint32_t large, enum body_fault why)
{
	struct body	*b = &s->body;

	if (fd == -1) {
		set_fault(b, why);
		return;
	}
	b->fd = fd;
	b->large = large;
	b->epoch = queue_epoch();
	write_out(b);
}

void
body_finish(struct session *s)
{
	struct body	*b = &s->body;

	if (b->fault == BODY_FINE && !b->end.found)
		header_ended(s);	/* a header block is all there is */
	if (b->fault == BODY_FINE && b->fd != -1)
		write_out(b);
	b->active = false;
}
