/*
 * Rows and counts of the queue.
 */
#include "show.h"

#include <string.h>
#include <time.h>

#include "log.h"

#include "text.h"

const char *
show_state(uint8_t state)
{
	switch (state) {
	case STATE_ACTIVE:
		return "active";
	case STATE_WAITING:
		return "waiting";
	case STATE_DEFERRED:
		return "deferred";
	case STATE_HELD:
		return "held";
	}
	return "done";
}

/* ---- rows -------------------------------------------------------------- */

static json_t *
rcpt_json(const struct queue_rcpt *r)
{
	return json_pack("{so ss si sI so so so}", "to", text_json(r->address),
	    "state", show_state(r->state), "tries", (int)r->tries, "next_try",
	    (json_int_t)r->next_try, "route", text_json(r->route), "via",
	    text_json(r->via), "reply", text_json(r->reply));
}

json_t *
show_row_json(const struct queue_row *row)
{
	json_t	*rcpts = json_array();

	for (size_t i = 0; i < row->n_rcpts; i++)
		json_array_append_new(rcpts, rcpt_json(&row->rcpts[i]));
	return json_pack("{ss sI sI sI so si so}", "id",
	    msgid_text(&row->id), "arrived", (json_int_t)row->arrived,
	    "not_before", (json_int_t)row->not_before, "size",
	    (json_int_t)row->size, "from", text_json(row->sender), "waiting",
	    (int)row->waiting, "recipients", rcpts);
}

void
show_queue_head(void)
{
	printf("%-26s %5s %6s %-8s %5s %s\n", "ID", "AGE", "SIZE", "STATE",
	    "TRIES", "FROM -> TO");
}

static void
rcpt_line(FILE *f, const struct queue_rcpt *r)
{
	uint64_t	 now = (uint64_t)time(NULL);
	char		 in[SPAN_SIZE];

	fprintf(f, "%26s %5s %6s %-8s %5u -> <%s>", "", "", "",
	    show_state(r->state), r->tries, log_text(r->address));
	if (r->state == STATE_DEFERRED && r->next_try > now)
		fprintf(f, " in %s", text_span(r->next_try - now, in));
	if (r->via.n != 0)
		fprintf(f, " via %s", log_text(r->via));
	if (r->reply.n != 0)
		fprintf(f, " (%s)", log_text(r->reply));
	putc('\n', f);
}

void
show_queue_row(FILE *f, const struct queue_row *row, bool json)
{
	char	 a[SPAN_SIZE], b[SPAN_SIZE];

	if (json) {
		text_put(f, show_row_json(row));
		return;
	}
	fprintf(f, "%-26s %5s %6s %-8s %5s <%s>\n", msgid_text(&row->id),
	    text_span(text_age(row->arrived), a), text_size(row->size, b),
	    "", "", log_text(row->sender));
	for (size_t i = 0; i < row->n_rcpts; i++)
		rcpt_line(f, &row->rcpts[i]);
	if (row->waiting > row->n_rcpts)
		fprintf(f, "%26s ... %u recipients in all\n", "",
		    row->waiting);
}

/* ---- counts ------------------------------------------------------------ */

static void
count_json(const struct count_row *r, const char *by, bool others,
    uint64_t missed)
{
	text_put(stdout, json_pack("{ss so sb sI sI sI sI sI}", "by", by,
	    "value", text_json(r->value), "others", (int)others, "messages",
	    (json_int_t)r->messages, "recipients",
	    (json_int_t)r->recipients, "size", (json_int_t)r->octets,
	    "oldest", (json_int_t)r->oldest, "missed",
	    (json_int_t)(others ? 0 : missed)));
}

static void
count_line(const struct count_row *r, bool others)
{
	char	 a[SPAN_SIZE], b[SPAN_SIZE];

	printf("%8llu %10llu %7s %6s %s\n", (unsigned long long)r->messages,
	    (unsigned long long)r->recipients, text_size(r->octets, a),
	    text_span(text_age(r->oldest), b), others ? "(others)" :
	    r->value.n != 0 ? log_text(r->value) : "-");
}

static void
counted_json(const struct queue_counted *m, const char *by)
{
	for (size_t i = 0; i < m->n_rows; i++)
		count_json(&m->rows[i], by, false, m->missed);
	if (m->others.recipients != 0)
		count_json(&m->others, by, true, 0);
}

void
show_counted(const struct queue_counted *m, const char *by, bool json)
{
	if (json) {
		counted_json(m, by);
		return;
	}
	printf("%8s %10s %7s %6s %s\n", "MESSAGES", "RECIPIENTS", "SIZE",
	    "OLDEST", by);
	for (size_t i = 0; i < m->n_rows; i++)
		count_line(&m->rows[i], false);
	if (m->others.recipients != 0)
		count_line(&m->others, true);
	printf("%8llu %10llu in all\n", (unsigned long long)m->messages,
	    (unsigned long long)m->recipients);
	if (m->missed != 0)
		printf("There are many: each may lack up to %llu messages, "
		    "which are among the others.\n",
		    (unsigned long long)m->missed);
}

void
show_changed(const char *action, const struct queue_changed *m, bool dry_run,
    bool json)
{
	if (json)
		text_put(stdout, json_pack("{ss sb sI sI sI}", "action",
		    action, "dry_run", (int)dry_run, "messages",
		    (json_int_t)m->messages, "recipients",
		    (json_int_t)m->recipients, "refused",
		    (json_int_t)m->refused));
	else
		printf("%s%s: %llu messages, %llu recipients\n",
		    dry_run ? "would " : "", action,
		    (unsigned long long)m->messages,
		    (unsigned long long)m->recipients);
}
