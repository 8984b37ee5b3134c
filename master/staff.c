/*
 * Places of children.  A jail is never opened: who needs another one is
 * another process.  It gets an index of its own, as the one whose work it
 * takes over is still there for a while.
 */
#include "staff.h"

#include <event2/event.h>

#include <stdio.h>

#include "log.h"
#include "master.h"
#include "plan.h"

#define FREE	ROLE_N		/* the role of a place without a child */

static const struct child_ops	*ops;

void
staff_setup(const struct child_ops *o)
{
	ops = o;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	child_event(arg, LIFE_TIMEOUT);
}

static struct child *
free_place(void)
{
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].role == FREE)
			return &master.children[i];
	if (master.n_children == PROCESSES_MAX)
		return NULL;
	return &master.children[master.n_children++];
}

struct child *
staff_add(enum role role)
{
	struct child	*c = free_place();
	uint16_t	 index = 0;

	if (c == NULL)
		return NULL;
	c->role = FREE;
	while (staff_find(role, index) != NULL)
		index++;
	child_init(c, role, index, ops);
	if ((c->timer = evtimer_new(master.base, on_timer, c)) == NULL)
		fatal("out of memory for events");
	return c;
}

struct child *
staff_find(enum role role, uint16_t index)
{
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].role == role &&
		    master.children[i].index == index)
			return &master.children[i];
	return NULL;
}

struct child *
staff_find_pid(pid_t pid)
{
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].pid == pid)
			return &master.children[i];
	return NULL;
}

size_t
staff_list(struct process rows[PROCESSES_MAX])
{
	size_t	 n = 0;

	for (size_t i = 0; i < master.n_children; i++) {
		const struct child	*c = &master.children[i];

		if (c->role == FREE)
			continue;
		rows[n++] = (struct process){
			.role = c->role,
			.index = c->index,
			.state = c->state,
			.pid = (uint32_t)c->pid,
			.restarts = c->launches != 0 ? c->launches - 1 : 0,
			.since = (uint64_t)c->since,
			.jail = c->jail,
		};
	}
	return n;
}

void
staff_is_down(struct child *c)
{
	if (!c->unwanted || c->role == FREE)
		return;
	event_free(c->timer);
	*c = (struct child){ .role = FREE, .state = CHILD_DOWN, .ops = ops };
}

void
staff_dismiss(struct child *c, enum life_event event)
{
	c->unwanted = true;
	c->leaves = c->candidate = false;
	child_event(c, event);
	if (c->state == CHILD_DOWN)
		staff_is_down(c);
}

/* ---- another configuration --------------------------------------------- */

static bool
has_port(const struct confine *m, uint16_t port)
{
	for (size_t i = 0; i < m->n_ports; i++)
		if (m->ports[i].port == port)
			return true;
	return false;
}

static bool
is_same_jail(const struct confine *a, const struct confine *b)
{
	if (a->uid != b->uid || a->files != b->files ||
	    a->memory != b->memory || a->file_size != b->file_size ||
	    a->n_ports != b->n_ports || !str_equal(a->root, b->root))
		return false;
	/* each is there once, so that one way is enough */
	for (size_t i = 0; i < a->n_ports; i++)
		if (!has_port(b, a->ports[i].port))
			return false;
	return true;
}

/* A worker of the role who stays: not on his way out already. */
static bool
is_worker(const struct child *c, enum role role)
{
	return c->role == role && !c->unwanted && !c->candidate;
}

static int
add_candidate(enum role role, char *why, size_t size)
{
	struct child	*c = staff_add(role);

	if (c == NULL) {
		snprintf(why, size, "more than %d processes, with those that "
		    "still finish their work", PROCESSES_MAX);
		return -1;
	}
	c->candidate = true;
	return 0;
}

static int
change_role(const struct conf *old, const struct conf *new, enum role role,
    char *why, size_t size)
{
	unsigned		 wanted = role_wanted(new, role), n = 0;
	struct confine		 before, after;
	struct plan_room	 rooms[2];

	if (plan_confine(old, role, &before, &rooms[0]) == -1 ||
	    plan_confine(new, role, &after, &rooms[1]) == -1) {
		snprintf(why, size, "role=%s: it cannot have such a jail, see "
		    "the log", role_name(role));
		return -1;
	}
	for (size_t i = 0; i < master.n_children; i++) {
		struct child	*c = &master.children[i];

		if (!is_worker(c, role))
			continue;
		c->leaves = n == wanted || !is_same_jail(&before, &after);
		n += !c->leaves;
	}
	for (; n < wanted; n++)
		if (add_candidate(role, why, size) == -1)
			return -1;
	return 0;
}

int
staff_change(const struct conf *old, const struct conf *new, char *why,
    size_t size)
{
	for (enum role r = 0; r < ROLE_N; r++)
		if (1u << r & DAEMON_ANY && change_role(old, new, r, why,
		    size) == -1)
			return -1;
	return 0;
}

void
staff_undo(void)
{
	for (size_t i = 0; i < master.n_children; i++) {
		struct child	*c = &master.children[i];

		c->leaves = false;
		if (c->candidate)
			staff_dismiss(c, LIFE_STOP);
	}
}
