/*
 * Encoding of messages, results and marks into the open batch.
 */
#include "append.h"

#include "flusher.h"
#include "log.h"
#include "segment.h"

#define META_ABOUT	256	/* an envelope without recipients */
#define RCPT_ABOUT	64	/* and each of them, in octets */

size_t
append_size(const struct append_message *m)
{
	size_t	 meta = m->encoded.n;

	if (m->envelope != NULL)
		meta = META_ABOUT + m->envelope->n_rcpts * RCPT_ABOUT;
	return RECORD_HEADER + meta + m->header.n + m->body.n;
}

static int
put_message(const struct append_message *m, const struct entry *e)
{
	uint8_t		 flags = m->content.sum.n != 0 ? RECORD_LARGE : 0;
	struct buf	*b;

	b = flusher_begin(RECORD_MESSAGE, flags, 0, append_size(m));
	if (b == NULL)
		return -1;
	if (m->envelope != NULL)
		envelope_put(b, m->envelope);
	else
		buf_put_str(b, m->encoded);
	record_content_put(b, &m->content);
	return flusher_end(m->header, m->body, e, true);
}

void
append_message(const struct append_message *m, spool_stored stored, void *arg)
{
	struct entry	 e = { .kind = ENTRY_MESSAGE, .stored = stored,
	    .arg = arg };

	if (put_message(m, &e) == 0)
		return;
	log_error("spool: no memory for a message");
	stored(arg, STORE_TEMPORARY, NULL);
}

/* done may be NULL */
static void
tell_failure(enum record_type type, spool_done done, void *arg)
{
	log_error("spool: no memory for a %s record", record_type_name(type));
	if (done != NULL)
		done(arg, false);
}

void
spool_result(const struct msgid *id, struct spool_place place,
    const struct spool_rcpt *rcpts, size_t n, bool gone, spool_done done,
    void *arg)
{
	struct entry			 e = { .kind = ENTRY_STATE,
	    .place = place, .done = done, .arg = arg };
	const struct record_result	 r = { .id = *id, .rcpts = rcpts,
	    .n_rcpts = n };
	struct buf			*b;

	b = flusher_begin(RECORD_RESULT, gone ? RECORD_LAST : 0, 0,
	    RECORD_HEADER + MSGID_LEN + n * RCPT_ABOUT);
	if (b != NULL)
		record_result_put(b, &r);
	if (b == NULL || flusher_end(STR_NONE, STR_NONE, &e, false) == -1)
		tell_failure(RECORD_RESULT, done, arg);
	else if (gone)
		segment_ends(place.segment);
}

void
spool_mark(const struct msgid *id, struct spool_place place,
    enum spool_mark mark, spool_done done, void *arg)
{
	static const enum record_type	 types[] = {
		[MARK_HOLD] = RECORD_HOLD, [MARK_RELEASE] = RECORD_RELEASE,
		[MARK_WARNED] = RECORD_WARNED,
	};
	struct entry			 e = { .kind = ENTRY_STATE,
	    .place = place, .done = done, .arg = arg };
	struct buf			*b;

	b = flusher_begin(types[mark], 0, 0, RECORD_HEADER + MSGID_LEN);
	if (b != NULL)
		record_mark_put(b, &(struct record_mark){ .id = *id });
	if (b == NULL || flusher_end(STR_NONE, STR_NONE, &e, false) == -1)
		tell_failure(types[mark], done, arg);
}

void
spool_route(const struct msgid *id, struct spool_place place,
    const uint16_t *rcpts, size_t n, struct str via, spool_done done,
    void *arg)
{
	struct entry		 e = { .kind = ENTRY_STATE, .place = place,
	    .done = done, .arg = arg };
	struct rcpt_index	 list[RCPTS_MAX];
	struct record_route	 r = { .id = *id, .rcpts = list,
	    .n_rcpts = n, .via = via };
	struct buf		*b;

	for (size_t i = 0; i < n; i++)
		list[i].index = rcpts[i];
	b = flusher_begin(RECORD_ROUTE, 0, 0, RECORD_HEADER + MSGID_LEN +
	    n * sizeof(list[0]) + NEXTHOP_TEXT_MAX);
	if (b != NULL)
		record_route_put(b, &r);
	if (b == NULL || flusher_end(STR_NONE, STR_NONE, &e, false) == -1)
		tell_failure(RECORD_ROUTE, done, arg);
}
