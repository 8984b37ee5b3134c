/*
 * Who there is: the places of all children, and who of them stays, comes or
 * goes when another configuration takes the place of the one in force.
 */
#ifndef STAFF_H
#define STAFF_H

#include <stddef.h>
#include <stdint.h>

#include "child.h"
#include "conf.h"

/* What is done to children; borrowed for ever. */
void		 staff_setup(const struct child_ops *);
/*
 * A place for one more of that role, not yet started, with the lowest index
 * that none of its kind has; NULL when there are PROCESSES_MAX.
 */
struct child	*staff_add(enum role);
/* The child of that role and index, or NULL. */
struct child	*staff_find(enum role, uint16_t index);
struct child	*staff_find_pid(pid_t);
/* All, as posternctl shows them; how many. */
size_t		 staff_list(struct process[PROCESSES_MAX]);
/*
 * It is wanted no more: event is LIFE_RETIRE or LIFE_STOP.  Its place is
 * free once it is down, which may be before this returns.
 */
void		 staff_dismiss(struct child *, enum life_event);
/* It is down: an unwanted one gives its place free. */
void		 staff_is_down(struct child *);

/*
 * Marks those whose jail would be another or who are too many (leaves), and
 * adds the candidates who are to take their places or are new, not yet
 * started.  -1 with one line in why: there are too many, or a jail cannot be.
 */
int		 staff_change(const struct conf *old, const struct conf *new,
		    char *why, size_t size);
/* Undoes that: candidates are dismissed, nobody leaves. */
void		 staff_undo(void);

#endif
