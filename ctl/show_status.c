/*
 * The processes, routes, pauses, and what came of a reload.
 */
#include "show.h"

#include <string.h>

#include "log.h"

#include "text.h"

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

/* ---- pauses ------------------------------------------------------------ */

static const char *const	 pause_names[PAUSE_WHAT_N] = {
	[PAUSE_ALL] = "all", [PAUSE_ROUTE] = "route",
	[PAUSE_DOMAIN] = "domain",
};

static json_t *
pauses_json(const struct status *s)
{
	json_t	*list = json_array();

	for (size_t i = 0; i < s->n_pauses; i++) {
		const struct pause_row	*p = &s->pauses[i];

		json_array_append_new(list, json_pack("{ss so sI sI so}",
		    "what", pause_names[p->what], "name",
		    text_json(p->name), "since", (json_int_t)p->since,
		    "until", (json_int_t)p->until, "reason",
		    text_json(p->reason)));
	}
	return list;
}

static void
pause_line(const struct pause_row *p)
{
	char	 when[TIME_SIZE];

	printf("PAUSED %s%s%s", pause_names[p->what],
	    p->name.n != 0 ? "=" : "", log_text(p->name));
	if (p->until != 0)
		printf(" until %s", text_time(p->until, when));
	if (p->reason.n != 0)
		printf(": %s", log_text(p->reason));
	putchar('\n');
}

void
show_pauses(const struct status *s, bool json)
{
	if (json) {
		text_put(stdout, json_pack("{so}", "pauses",
		    pauses_json(s)));
		return;
	}
	for (size_t i = 0; i < s->n_pauses; i++)
		pause_line(&s->pauses[i]);
}

/* ---- routes ------------------------------------------------------------ */

static const char *const	 transports[TRANSPORT_N] = {
	[TRANSPORT_SMTP] = "smtp", [TRANSPORT_LMTP] = "lmtp",
	[TRANSPORT_LOCAL] = "local",
};
static const char *const	 route_states[SHOWN_ROUTE_N] = {
	[SHOWN_ASLEEP] = "asleep", [SHOWN_WOKEN] = "woken",
	[SHOWN_AWAKE] = "awake", [SHOWN_DOWN] = "down",
	[SHOWN_PAUSED] = "paused",
};

void
show_route_head(void)
{
	printf("%8s %10s %6s %6s %6s %-6s %-8s %s\n", "MESSAGES",
	    "RECIPIENTS", "READY", "ACTIVE", "WINDOW", "BY", "STATE",
	    "ROUTE");
}

static void
route_line(const struct route_row *r, uint64_t messages, uint64_t recipients)
{
	char	 when[TIME_SIZE];

	printf("%8llu %10llu %6u %6u %6u %-6s %-8s %s",
	    (unsigned long long)messages, (unsigned long long)recipients,
	    r->ready, r->active, r->window, transports[r->transport],
	    route_states[r->state], log_text(r->name));
	if (r->until != 0)
		printf(" until %s", text_time(r->until, when));
	if (r->reason.n != 0)
		printf(" (%s)", log_text(r->reason));
	putchar('\n');
}

void
show_route(const struct route_row *r, const struct count_row *counted,
    bool json)
{
	uint64_t	 messages = counted != NULL ? counted->messages : 0;
	uint64_t	 rcpts = counted != NULL ? counted->recipients : 0;

	if (!json) {
		route_line(r, messages, rcpts);
		return;
	}
	text_put(stdout, json_pack("{so ss ss sI sI si si si sI so}",
	    "route", text_json(r->name), "transport",
	    transports[r->transport], "state", route_states[r->state],
	    "messages", (json_int_t)messages, "recipients",
	    (json_int_t)rcpts, "ready", (int)r->ready, "active",
	    (int)r->active, "window", (int)r->window, "until",
	    (json_int_t)r->until, "reason", text_json(r->reason)));
}

/* ---- processes --------------------------------------------------------- */

static void
process_line(const struct process *p)
{
	char	 name[40], since[SPAN_SIZE];

	snprintf(name, sizeof(name), "%s[%u]", role_name(p->role), p->index);
	printf("%-14s %7u %-9s %6u %-24s %-5s %-6s %8u %8u %7s\n", name,
	    p->pid, child_state_name(p->state), p->jail.uid,
	    p->jail.root.n != 0 ? log_text(p->jail.root) : "-",
	    p->jail.netns ? "own" : "host", p->jail.filter ? "yes" : "no",
	    p->jail.landlock, p->restarts,
	    text_span(text_age(p->since), since));
}

static json_t *
process_json(const struct process *p)
{
	return json_pack("{ss si si ss si so sb sb si si sI}", "role",
	    role_name(p->role), "index", (int)p->index, "pid", (int)p->pid,
	    "state", child_state_name(p->state), "uid", (int)p->jail.uid,
	    "root", text_json(p->jail.root), "netns", (int)p->jail.netns,
	    "filter", (int)p->jail.filter, "landlock",
	    (int)p->jail.landlock, "restarts", (int)p->restarts, "since",
	    (json_int_t)p->since);
}

void
show_status(const struct status *s, bool json)
{
	json_t	*list;

	if (!json) {
		show_pauses(s, false);
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
	text_put(stdout, json_pack("{so sI sI sI so so}", "version",
	    text_json(s->version), "messages", (json_int_t)s->messages,
	    "recipients", (json_int_t)s->recipients, "active",
	    (json_int_t)s->active, "pauses", pauses_json(s), "processes",
	    list));
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
		    text_json(m->lines[i].text));
	return json_pack("{ss ss so so si}", "action",
	    check ? "check" : "reload", "result", results[m->result],
	    "errors", errors, "warnings", warnings, "more", (int)m->more);
}

void
show_reloaded(const struct reloaded *m, bool check, bool json)
{
	if (json) {
		text_put(stdout, reloaded_json(m, check));
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
