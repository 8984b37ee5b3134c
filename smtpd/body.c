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

/* RFC 5321 6.3: counting Received fields finds loops. */
static void
header_ended(struct session *s)
{
	struct body	*b = &s->body;
	struct str	 theirs = str_skip(buf_str(&b->header),
			    b->received_len);

	if (s->set->hop_limit != 0 && header_hops(theirs) > s->set->hop_limit)
		set_fault(b, BODY_LOOPS);
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
