/*
 * Tables and JSON.  Addresses and replies are foreign text: what a terminal
 * might obey is escaped, in both.
 */
#include "show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "log.h"

static const char *
state_name(uint8_t state)
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

static const char *
child_state_name(enum child_state state)
{
	static const char *const names[CHILD_STATE_N] = {
		[CHILD_DOWN] = "down", [CHILD_STARTING] = "starting",
		[CHILD_READY] = "ready", [CHILD_RETIRING] = "retiring",
		[CHILD_STOPPING] = "stopping",
	};

	return names[state];
}

/* "5s", "3m", "7h", "2d" */
static const char *
span(uint64_t seconds, char out[24])
{
	static const struct {
		uint64_t	 unit;
		char		 letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t	 i = 0;

	while (i < 3 && seconds < 2 * units[i].unit)
		i++;
	snprintf(out, 24, "%llu%c",
	    (unsigned long long)(seconds / units[i].unit), units[i].letter);
	return out;
}

static const char *
size_text(uint64_t n, char out[24])
{
	if (n < 10240)
		snprintf(out, 24, "%llu", (unsigned long long)n);
	else if (n < 10 << 20)
		snprintf(out, 24, "%lluk", (unsigned long long)n >> 10);
	else
		snprintf(out, 24, "%llum", (unsigned long long)n >> 20);
	return out;
}

static uint64_t
age(uint64_t since)
{
	uint64_t	 now = (uint64_t)time(NULL);

	return now > since ? now - since : 0;
}

/* JSON strings are UTF-8; what is not is shown as a log shows it. */
static json_t *
json_text(struct str s)
{
	json_t	*j = json_stringn(s.p != NULL ? s.p : "", s.n);

	return j != NULL ? j : json_string(log_text(s));
}

static void
put_json(json_t *j)
{
	json_dumpf(j, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(j);
}

static json_t *
rcpt_json(const struct queue_rcpt *r)
{
	return json_pack("{so ss si sI so so}", "to", json_text(r->address),
	    "state", state_name(r->state), "tries", (int)r->tries, "next_try",
	    (json_int_t)r->next_try, "route", json_text(r->route), "reply",
	    json_text(r->reply));
}

static json_t *
row_json(const struct queue_row *row)
{
	json_t	*rcpts = json_array();

	for (size_t i = 0; i < row->n_rcpts; i++)
		json_array_append_new(rcpts, rcpt_json(&row->rcpts[i]));
	return json_pack("{ss sI sI so si so}", "id", msgid_text(&row->id),
	    "arrived", (json_int_t)row->arrived, "size",
	    (json_int_t)row->size, "from", json_text(row->sender), "waiting",
	    (int)row->waiting, "recipients", rcpts);
}

void
show_queue_head(void)
{
	printf("%-26s %5s %6s %-8s %5s %s\n", "ID", "AGE", "SIZE", "STATE",
	    "TRIES", "FROM -> TO");
}

static void
rcpt_line(const struct queue_rcpt *r)
{
	char	 in[24];

	printf("%26s %5s %6s %-8s %5u -> <%s>", "", "", "",
	    state_name(r->state), r->tries, log_text(r->address));
	if (r->state == STATE_DEFERRED && r->next_try > (uint64_t)time(NULL))
		printf(" in %s", span(r->next_try - (uint64_t)time(NULL), in));
	if (r->reply.n != 0)
		printf(" (%s)", log_text(r->reply));
	putchar('\n');
}

void
show_queue_row(const struct queue_row *row, bool json)
{
	char	 a[24], b[24];

	if (json) {
		put_json(row_json(row));
		return;
	}
	printf("%-26s %5s %6s %-8s %5s <%s>\n", msgid_text(&row->id),
	    span(age(row->arrived), a), size_text(row->size, b), "", "",
	    log_text(row->sender));
	for (size_t i = 0; i < row->n_rcpts; i++)
		rcpt_line(&row->rcpts[i]);
	if (row->waiting > row->n_rcpts)
		printf("%26s ... %u recipients in all\n", "", row->waiting);
}

/* Header lines without their CR, and nothing a terminal obeys. */
static void
header_text(struct str header)
{
	for (size_t i = 0; i < header.n; i++) {
		unsigned char	 c = (unsigned char)header.p[i];

		if (c == '\r')
			continue;
		if (c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f))
			putchar(c);
		else
			printf("\\x%02x", c);
	}
}

void
show_mail(const struct mail_shown *m, bool json)
{
	json_t	*j;

	if (!json) {
		show_queue_head();
		show_queue_row(&m->row, false);
		putchar('\n');
		header_text(m->header);
		return;
	}
	j = row_json(&m->row);
	json_object_set_new(j, "header", json_text(m->header));
	put_json(j);
}

static void
process_line(const struct process *p)
{
	char	 name[40], since[24];

	snprintf(name, sizeof(name), "%s[%u]", role_name(p->role), p->index);
	printf("%-14s %7u %-9s %6u %-24s %-5s %-6s %8u %8u %7s\n", name,
	    p->pid, child_state_name(p->state), p->jail.uid,
	    p->jail.root.n != 0 ? log_text(p->jail.root) : "-",
	    p->jail.netns ? "own" : "host", p->jail.filter ? "yes" : "no",
	    p->jail.landlock, p->restarts, span(age(p->since), since));
}

static json_t *
process_json(const struct process *p)
{
	return json_pack("{ss si si ss si so sb sb si si sI}", "role",
	    role_name(p->role), "index", (int)p->index, "pid", (int)p->pid,
	    "state", child_state_name(p->state), "uid", (int)p->jail.uid,
	    "root", json_text(p->jail.root), "netns", (int)p->jail.netns,
	    "filter", (int)p->jail.filter, "landlock",
	    (int)p->jail.landlock, "restarts", (int)p->restarts, "since",
	    (json_int_t)p->since);
}

void
show_status(const struct status *s, bool json)
{
	json_t	*list;

	if (!json) {
		printf("postern %s: %llu messages waiting for %llu "
		    "recipients, %llu in hand\n\n", log_text(s->version),
		    (unsigned long long)s->messages,
		    (unsigned long long)s->recipients,
		    (unsigned long long)s->active);
		printf("%-14s %7s %-9s %6s %-24s %-5s %-6s %8s %8s %7s\n",
		    "ROLE", "PID", "STATE", "UID", "ROOT", "NETNS", "FILTER",
		    "LANDLOCK", "RESTARTS", "SINCE");
		for (size_t i = 0; i < s->n_processes; i++)
			process_line(&s->processes[i]);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < s->n_processes; i++)
		json_array_append_new(list, process_json(&s->processes[i]));
	put_json(json_pack("{so sI sI sI so}", "version",
	    json_text(s->version), "messages", (json_int_t)s->messages,
	    "recipients", (json_int_t)s->recipients, "active",
	    (json_int_t)s->active, "processes", list));
}

void
show_changed(const char *action, const struct queue_changed *m, bool dry_run,
    bool json)
{
	if (json)
		put_json(json_pack("{ss sb sI sI}", "action", action,
		    "dry_run", (int)dry_run, "messages",
		    (json_int_t)m->messages, "recipients",
		    (json_int_t)m->recipients));
	else
		printf("%s%s: %llu messages, %llu recipients\n",
		    dry_run ? "would " : "", action,
		    (unsigned long long)m->messages,
		    (unsigned long long)m->recipients);
}

/* ---- reload ------------------------------------------------------------ */

static json_t *
reloaded_json(const struct reloaded *m, bool check)
{
	static const char *const results[RELOAD_RESULT_N] = {
		[RELOAD_DONE] = "done", [RELOAD_REFUSED] = "refused",
		[RELOAD_BUSY] = "busy", [RELOAD_DENIED] = "denied",
	};
	json_t	*errors = json_array(), *warnings = json_array();

	for (size_t i = 0; i < m->n_lines; i++)
		json_array_append_new(m->lines[i].warning ? warnings : errors,
		    json_text(m->lines[i].text));
	return json_pack("{ss ss so so si}", "action",
	    check ? "check" : "reload", "result", results[m->result],
	    "errors", errors, "warnings", warnings, "more", (int)m->more);
}

void
show_reloaded(const struct reloaded *m, bool check, bool json)
{
	if (json) {
		put_json(reloaded_json(m, check));
		return;
	}
	for (size_t i = 0; i < m->n_lines; i++)
		fprintf(stderr, "%s%s\n", log_text(m->lines[i].text),
		    m->lines[i].warning ? " (warning)" : "");
	if (m->more != 0)
		fprintf(stderr, "... and %u more\n", m->more);
	if (m->result == RELOAD_DONE)
		puts(check ? "the configuration has no error" :
		    "the configuration is in force");
	else if (m->result == RELOAD_REFUSED && !check)
		fputs("the configuration that was in force stays\n", stderr);
}
