/*
 * Settling: one function for each kind of entry and each end.
 *
 *		durable			failed
 *	MESSAGE	it lives; stored(OK)	CANCEL in its place, if it was written,
 *					else stored(result) at once
 *	CANCEL	stored(result)		again; stored(result) at once if nothing
 *					can be written anywhere
 *	STATE	done; perhaps it ends	again: a result is never lost while
 *					the process lives
 *	COPY	it lives there now	the cleaner is told: it is still where
 *					it was
 *	REWRITE	a start may go on	it may not
 *	VOID	claims may go on	again, after the next flush
 *
 * The sequences of what has failed are given up, which claim.c tells.
 */
#include "settle.h"

#include "cache.h"
#include "claim.h"
#include "clean.h"
#include "flusher.h"
#include "large.h"
#include "log.h"

static struct spool_place
place_of(const struct batch *b, const struct entry *e)
{
	return (struct spool_place){ b->segment->number, b->offset + e->at };
}

/* --- durable --- */

static void
message_durable(struct batch *b, struct entry *e, const struct record *r)
{
	struct spool_place	 at = place_of(b, e);

	e->stored(e->arg, STORE_OK, &at);
	(void)r;
}

static void
cancel_durable(struct batch *b, struct entry *e, const struct record *r)
{
	struct msgid	 id;

	(void)b;
	if ((r->flags & RECORD_LARGE) != 0 && record_id(r, &id))
		large_remove(&id);
	if (e->stored != NULL)
		e->stored(e->arg, e->result, NULL);
}

static void
state_durable(struct batch *b, struct entry *e, const struct record *r)
{
	struct msgid	 id;

	(void)b;
	if ((r->type == RECORD_GONE || (r->flags & RECORD_LAST) != 0) &&
	    record_id(r, &id)) {
		cache_gone(e->place);
		large_gone(&id);
		segment_gone(e->place.segment);
	}
	if (e->done != NULL)
		e->done(e->arg, true);
}

static void
copy_durable(struct batch *b, struct entry *e, const struct record *r)
{
	if (!clean_copied(r, e->place, b->segment, place_of(b, e)))
		return;
	cache_gone(e->place);
	b->live++;
}

static void
rewrite_durable(struct batch *b, struct entry *e, const struct record *r)
{
	struct spool_place	 at = place_of(b, e);

	e->rewritten(r, &at);
}

static void
void_durable(struct batch *b, struct entry *e, const struct record *r)
{
	(void)b, (void)e, (void)r;
	claim_told(true);
}

/* Before anybody is told, since those who are may end it at once. */
static void
count_messages(struct batch *b)
{
	struct record	 r;
	struct msgid	 id;

	for (size_t i = 0; i < b->n; i++) {
		if (b->entries[i].kind != ENTRY_MESSAGE)
			continue;
		batch_record(b, &b->entries[i], &r);
		segment_live(b->segment, r.len);
		b->live++;
		if ((r.flags & RECORD_LARGE) != 0 && record_id(&r, &id))
			large_lives(&id);
	}
}

void
settle_durable(struct batch *b)
{
	static void	 (*const durable[])(struct batch *, struct entry *,
	    const struct record *) = {
		[ENTRY_MESSAGE] = message_durable,
		[ENTRY_CANCEL] = cancel_durable,
		[ENTRY_STATE] = state_durable,
		[ENTRY_COPY] = copy_durable,
		[ENTRY_REWRITE] = rewrite_durable,
		[ENTRY_VOID] = void_durable,
	};
	struct record	 r;

	count_messages(b);
	/* into the cache first: whoever is told may read it at once */
	b->live++;
	cache_add(b);
	for (size_t i = 0; i < b->n; i++) {
		batch_record(b, &b->entries[i], &r);
		durable[b->entries[i].kind](b, &b->entries[i], &r);
	}
	/* and out again if nothing lives in it */
	cache_gone((struct spool_place){ b->segment->number, b->offset });
}

/* --- failed --- */

static void
cancel(const struct entry *e, const struct record *r,
    enum store_result result)
{
	struct entry	 again = { .kind = ENTRY_CANCEL, .result = result,
	    .stored = e->stored, .arg = e->arg };
	struct buf	*b;

	b = flusher_begin(RECORD_CANCEL, r->flags, 0,
	    RECORD_HEADER + MSGID_LEN);
	if (b != NULL)
		buf_put(b, r->meta.p, MSGID_LEN);
	if (b == NULL ||
	    flusher_end(STR_NONE, STR_NONE, &again, true) == -1) {
		log_error("spool: no memory to cancel a message");
		e->stored(e->arg, result, NULL);
	}
}

static void
refuse(const struct entry *e, const struct record *r, enum store_result result)
{
	struct msgid	 id;

	if ((r->flags & RECORD_LARGE) != 0 && record_id(r, &id))
		large_remove(&id);
	e->stored(e->arg, result, NULL);
}

static void
write_again(const struct entry *e, const struct record *r)
{
	struct buf	*b;

	/* its order stays what it was */
	b = flusher_begin(r->type, r->flags, r->order, r->len);
	if (b != NULL)
		buf_put_str(b, r->meta);
	if (b == NULL || flusher_end(r->content, STR_NONE, e, true) == -1) {
		log_error("spool: no memory to write a %s record again",
		    record_type_name(r->type));
		if (e->kind == ENTRY_STATE && e->done != NULL)
			e->done(e->arg, false);
	}
}

/* No segment can be had at all: the client is told before it gives up; its
 * CANCEL goes on trying. */
static void
tell_early(struct entry *e)
{
	if (e->stored != NULL)
		e->stored(e->arg, e->result, NULL);
	e->stored = NULL;
}

static void
fail_one(struct entry *e, const struct record *r,
    enum store_result result, bool written)
{
	switch (e->kind) {
	case ENTRY_MESSAGE:
		if (written)
			cancel(e, r, result);
		else
			refuse(e, r, result);
		break;
	case ENTRY_CANCEL:
		if (!written)
			tell_early(e);
		write_again(e, r);
		break;
	case ENTRY_STATE:
		write_again(e, r);
		break;
	case ENTRY_COPY:
		clean_failed();
		break;
	case ENTRY_REWRITE:
		e->rewritten(r, NULL);
		break;
	case ENTRY_VOID:
		claim_told(false);
		break;
	}
}

void
settle_failed(struct batch *b, enum store_result result, bool written)
{
	struct record	 r;

	for (size_t i = 0; i < b->n; i++) {
		batch_record(b, &b->entries[i], &r);
		fail_one(&b->entries[i], &r, result, written);
	}
	claim_lost(b->first, b->n, flusher_next());
	batch_free(b);
}
