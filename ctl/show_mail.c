/*
 * One message: its envelope and header, and its trace.
 */
#include "show.h"

#include <stdlib.h>

#include "log.h"

#include "text.h"

/* ---- the trace --------------------------------------------------------- */

static const char *
clean(const struct trace_attr *a)
{
	return trace_key_is_number(a->key) || a->value.n != 0 ?
	    log_text(a->value) : "";
}

static json_t *
attr_json(const struct trace_attr *a)
{
	char	 digits[24];

	if (!trace_key_is_number(a->key))
		return text_json(a->value);
	snprintf(digits, sizeof(digits), "%.*s", STR_FMT(a->value));
	return json_integer((json_int_t)strtoull(digits, NULL, 10));
}

/* Of several results there is an array. */
static void
add_result(json_t *event, json_t *value)
{
	json_t	*list = json_object_get(event, "results");

	if (list == NULL) {
		list = json_array();
		json_object_set_new(event, "results", list);
	}
	json_array_append_new(list, value);
}

static json_t *
event_json(const struct trace_event *e)
{
	json_t	*j = json_pack("{sI ss}", "time_ms", (json_int_t)e->time_ms,
	    "event", trace_kind_name(e->kind));

	for (size_t i = 0; i < e->n_attrs; i++) {
		const struct trace_attr	*a = &e->attrs[i];

		if (a->key == KEY_RESULT)
			add_result(j, attr_json(a));
		else
			json_object_set_new(j, trace_key_name(a->key),
			    attr_json(a));
	}
	return j;
}

static void
event_line(const struct trace_event *e)
{
	char	 when[TIME_SIZE];

	printf("%s.%03u %-9s", text_time(e->time_ms / 1000, when),
	    (unsigned)(e->time_ms % 1000), trace_kind_name(e->kind));
	for (size_t i = 0; i < e->n_attrs; i++) {
		const struct trace_attr	*a = &e->attrs[i];

		printf(a->key == KEY_REPLY || a->key == KEY_TLS ?
		    " %s=\"%s\"" : " %s=%s", trace_key_name(a->key),
		    clean(a));
	}
	putchar('\n');
}

void
show_trace(const struct trace *t, bool json)
{
	json_t	*j;

	for (size_t i = 0; i < t->n_events; i++) {
		if (!json) {
			event_line(&t->events[i]);
			continue;
		}
		j = event_json(&t->events[i]);
		json_object_set_new(j, "id",
		    json_string(msgid_text(&t->id)));
		text_put(stdout, j);
	}
}

/* ---- envelope and header ----------------------------------------------- */

static const char *const	 body_names[BODY_TYPE_N] = {
	[BODY_7BIT] = "7bit", [BODY_8BITMIME] = "8bitmime",
	[BODY_BINARYMIME] = "binarymime",
};

static const char *
client_text(const struct mail_shown *m, char out[NETADDR_TEXT_MAX])
{
	out[0] = '\0';
	if (m->client.family != 0)
		netaddr_print(&m->client, out);
	return out;
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

static void
mail_text(const struct mail_shown *m)
{
	char	 client[NETADDR_TEXT_MAX], when[TIME_SIZE];

	show_queue_head();
	show_queue_row(stdout, &m->row, false);
	if (m->row.not_before != 0)
		printf("\nnot before %s\n",
		    text_time(m->row.not_before, when));
	printf("\nclient=%s helo=%s account=%s body=%s utf8=%s envid=%s\n\n",
	    m->client.family != 0 ? client_text(m, client) : "-",
	    m->helo.n != 0 ? log_text(m->helo) : "-",
	    m->account.n != 0 ? log_text(m->account) : "-",
	    body_names[m->body_type], m->utf8 ? "yes" : "no",
	    m->envid.n != 0 ? log_text(m->envid) : "-");
	header_text(m->header);
}

static json_t *
mail_json(const struct mail_shown *m)
{
	char	 client[NETADDR_TEXT_MAX];
	json_t	*j = show_row_json(&m->row);

	json_object_set_new(j, "client", json_string(client_text(m, client)));
	json_object_set_new(j, "helo", text_json(m->helo));
	json_object_set_new(j, "account", text_json(m->account));
	json_object_set_new(j, "envid", text_json(m->envid));
	json_object_set_new(j, "body",
	    json_string(body_names[m->body_type]));
	json_object_set_new(j, "utf8", json_boolean(m->utf8));
	json_object_set_new(j, "header", text_json(m->header));
	return j;
}

static json_t *
events_json(const struct trace *t)
{
	json_t	*list = json_array();

	for (size_t i = 0; t != NULL && i < t->n_events; i++)
		json_array_append_new(list, event_json(&t->events[i]));
	return list;
}

void
show_mail(const struct mail_shown *m, const struct trace *events, bool json)
{
	json_t	*j;

	if (json) {
		j = mail_json(m);
		json_object_set_new(j, "events", events_json(events));
		text_put(stdout, j);
		return;
	}
	mail_text(m);
	if (events != NULL && events->n_events != 0)
		putchar('\n');
	if (events != NULL)
		show_trace(events, false);
}
