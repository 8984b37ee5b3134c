/*
 * A message is read back as a delivery would read it, with every checksum,
 * and hashed as a whole, so that two spools can be compared line by line.
 */
#include "check_dump.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "disk.h"
#include "durable.h"
#include "json.h"
#include "load.h"

#define OUT_FLUSH	65536
/* a line: an envelope of most recipients with their replies, all escaped */
#define OUT_MAX		(OUT_FLUSH + 6 * (size_t)RCPTS_MAX *		\
    (ADDRESS_MAX + REPLY_TEXT_MAX + 256))
#define CHUNK		65536
#define SEGMENTS_STEP	256

static struct buf		 out = BUF_INIT(OUT_MAX);
static struct check_segment	*segments;
static size_t			 n_segments, allocated;
static struct {
	const struct check_segment *segment;
	int		 fd;
} open_file = { NULL, -1 };
static uint8_t			*data;	/* of the record in hand */
static size_t			 data_size;

/* --- output ------------------------------------------------------------- */

static int
flush(size_t above)
{
	ssize_t	 n;

	if (out.failed) {
		errno = ENOMEM;
		return -1;
	}
	while (out.len > above) {
		n = write(STDOUT_FILENO, buf_data(&out), out.len);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0)
			buf_consume(&out, (size_t)n);
	}
	return 0;
}

static void
line_begin(void)
{
	json_open(&out, NULL, '{');
}

static int
line_end(void)
{
	json_close(&out, '}');
	buf_putc(&out, '\n');
	return flush(OUT_FLUSH);
}

void
dump_damage(const struct damage *d)
{
	line_begin();
	json_text(&out, "damage", str_of(d->what));
	json_number(&out, "segment", d->segment);
	json_number(&out, "offset", d->offset);
	json_number(&out, "length", d->length);
	json_number(&out, "first", d->first);
	json_number(&out, "last", d->last);
	json_text(&out, "id", d->has_id ? str_of(msgid_text(&d->id)) :
	    STR_NONE);
	line_end();
}

int
dump_end(const struct check_totals *t)
{
	line_begin();
	json_number(&out, "messages", t->messages);
	json_number(&out, "recipients", t->recipients);
	json_number(&out, "records", t->records);
	json_number(&out, "segments", t->segments);
	json_number(&out, "octets", t->octets);
	json_number(&out, "torn", t->torn);
	json_number(&out, "damaged", t->damaged);
	json_number(&out, "aside", t->aside);
	return line_end() == -1 ? -1 : flush(0);
}

/* --- reading ------------------------------------------------------------ */

struct check_segment *
dump_segment(uint32_t number, const uint8_t key[SEGMENT_KEY])
{
	struct check_segment	*p;

	if (n_segments == allocated) {
		p = reallocarray(segments, allocated + SEGMENTS_STEP,
		    sizeof(*p));
		if (p == NULL)
			return NULL;
		segments = p;
		allocated += SEGMENTS_STEP;
	}
	p = &segments[n_segments++];
	p->number = number;
	memcpy(p->key, key, SEGMENT_KEY);
	return p;
}

static const struct check_segment *
find_segment(uint32_t number)
{
	const struct check_segment	*s = open_file.segment;

	if (s != NULL && s->number == number)
		return s;
	for (s = segments; s < segments + n_segments; s++)
		if (s->number == number)
			return s;
	return NULL;
}

/* Messages come in the order of their records, mostly: one file is open. */
static int
open_segment(const struct check_segment *s)
{
	char	 name[SEGMENT_NAME_SIZE];

	if (s != NULL && open_file.segment == s)
		return 0;
	if (open_file.fd != -1)
		close(open_file.fd);
	open_file.segment = NULL;
	errno = ENOENT;
	if (s == NULL)
		return -1;
	segment_name(name, s->number, "seg");
	open_file.fd = disk_open_patiently(spool_dirs.log, name, O_RDONLY);
	if (open_file.fd == -1)
		return -1;
	open_file.segment = s;
	return 0;
}

/* The whole record, true in all its parts; -1 with errno. */
static int
read_record(const struct folded *f, struct record *r)
{
	const struct check_segment	*s = find_segment(f->place.segment);
	uint8_t				*p;

	if (open_segment(s) == -1)
		return -1;
	if (f->len > data_size) {
		if ((p = realloc(data, f->len)) == NULL)
			return -1;
		data = p;
		data_size = f->len;
	}
	if (disk_read_patiently(open_file.fd, data, f->len,
	    f->place.offset) == -1)
		return -1;
	errno = EBADMSG;
	return record_get(data, f->len, r) == 0 && r->len == f->len &&
	    record_is_true(data, r, s->key) &&
	    record_content_is_true(r, s->key) ? 0 : -1;
}

/* --- the content -------------------------------------------------------- */

static int
hash_file(crypto_generichash_state *h, int fd, uint64_t size)
{
	uint8_t	 chunk[CHUNK];
	size_t	 n;

	for (uint64_t at = 0; at < size; at += n) {
		n = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
		if (disk_read_patiently(fd, chunk, n, at) == -1)
			return -1;
		crypto_generichash_update(h, chunk, n);
	}
	return 0;
}

/* What is wrong with the body in large/, or NULL. */
static const char *
hash_large(crypto_generichash_state *h, const struct msgid *id,
    const struct record_content *c)
{
	uint8_t	 sum[LARGE_SUM];
	int	 fd, error;

	fd = disk_open_patiently(spool_dirs.large, msgid_text(id), O_RDONLY);
	if (fd == -1)
		return "its body is not in large/";
	error = large_sum(fd, c->body_len, sum);
	if (error == 0 && (c->sum.n != LARGE_SUM ||
	    memcmp(sum, c->sum.p, LARGE_SUM) != 0))
		error = EBADMSG;
	if (error == 0 && hash_file(h, fd, c->body_len) == -1)
		error = errno;
	close(fd);
	return error != 0 ? "its body in large/ is not what was written" :
	    NULL;
}

static const char *
hash_content(const struct record *r, const struct msgid *id,
    const struct record_content *c, uint8_t sum[LARGE_SUM])
{
	crypto_generichash_state	 h;
	const char			*wrong = NULL;

	crypto_generichash_init(&h, NULL, 0, LARGE_SUM);
	crypto_generichash_update(&h, (const uint8_t *)r->content.p,
	    r->content.n);
	if (r->flags & RECORD_LARGE)
		wrong = hash_large(&h, id, c);
	crypto_generichash_final(&h, sum, LARGE_SUM);
	return wrong;
}

/* --- lines -------------------------------------------------------------- */

static void
put_envelope(const struct envelope *e)
{
	char	 address[NETADDR_TEXT_MAX];

	json_number(&out, "arrived", e->arrived);
	json_number(&out, "not_before", e->not_before);
	json_text(&out, "from", e->sender);
	json_text(&out, "client", e->client.family == 0 ? STR_NONE :
	    str_of(netaddr_print(&e->client, address)));
	json_text(&out, "helo", e->helo);
	json_text(&out, "account", e->account);
	json_text(&out, "envid", e->envid);
}

static void
put_recipient(const struct recipient *r, const struct spool_rcpt *s,
    struct str via)
{
	json_open(&out, NULL, '{');
	json_text(&out, "to", r->address);
	json_text(&out, "state", str_of(s->state == SPOOL_DONE ? "done" :
	    "waiting"));
	json_number(&out, "tries", s->tries);
	json_number(&out, "next_try", s->next_try);
	json_text(&out, "code", s->code);
	json_text(&out, "reply", s->reply);
	json_text(&out, "via", via);
	json_close(&out, '}');
}

static int
put_message(const struct folded *f, const struct envelope *e,
    const struct record_content *c, const struct spool_rcpt *states,
    const struct str *vias, const uint8_t sum[LARGE_SUM])
{
	line_begin();
	json_text(&out, "id", str_of(msgid_text(&f->id)));
	put_envelope(e);
	json_number(&out, "size", c->header_len + c->body_len);
	json_hex(&out, "hash", sum, LARGE_SUM);
	json_bool(&out, "held", f->held);
	json_bool(&out, "warned", f->warned);
	json_bool(&out, "large", f->large);
	json_number(&out, "segment", f->place.segment);
	json_number(&out, "offset", f->place.offset);
	json_open(&out, "recipients", '[');
	for (size_t i = 0; i < e->n_rcpts; i++)
		put_recipient(&e->rcpts[i], &states[i], vias[i]);
	json_close(&out, ']');
	return line_end();
}

static void
count(const struct envelope *e, const struct spool_rcpt *states,
    struct check_totals *t)
{
	t->messages++;
	for (size_t i = 0; i < e->n_rcpts; i++)
		t->recipients += states[i].state == SPOOL_WAITING;
}

static void
bad_message(const struct folded *f, const char *what, struct check_totals *t)
{
	t->damaged++;
	dump_damage(&(struct damage){ .segment = f->place.segment,
	    .offset = f->place.offset, .length = f->len,
	    .first = f->sequence, .last = f->sequence, .what = what,
	    .has_id = true, .id = f->id });
}

int
dump_message(const struct folded *f, struct check_totals *t)
{
	struct arena		 arena = ARENA_INIT(ENVELOPE_MEMORY);
	uint8_t			 sum[LARGE_SUM];
	struct record_content	 c;
	struct envelope		 e;
	struct spool_rcpt	*states;
	struct str		*vias;
	struct record		 r;
	const char		*wrong;
	int			 status = 0;

	if (read_record(f, &r) == -1)
		return -1;
	if (record_message(&r, &arena, &e, &c) == -1 ||
	    (states = arena_calloc(&arena, e.n_rcpts, sizeof(*states))) ==
	    NULL || (vias = arena_calloc(&arena, e.n_rcpts,
	    sizeof(*vias))) == NULL ||
	    fold_states(f, &arena, e.n_rcpts, states) == -1) {
		bad_message(f, "its envelope is malformed", t);
	} else {
		if ((wrong = hash_content(&r, &f->id, &c, sum)) != NULL)
			bad_message(f, wrong, t);
		count(&e, states, t);
		fold_vias(f, e.n_rcpts, vias);
		status = put_message(f, &e, &c, states, vias, sum);
	}
	arena_clear(&arena);
	return status;
}
