/*
 * The questions of a reload to the children, and who has not answered yet.
 * Each child bears its own mark, so that one that dies is not waited for.
 */
#ifndef BALLOT_H
#define BALLOT_H

#include <stdbool.h>

#include "child.h"
#include "loader.h"

/*
 * Asks every child that runs whether it takes that configuration, also those
 * who leave: they go on with what they have, and speak by its numbers.
 * NULL, or the one that cannot be asked.
 */
const struct child *ballot_ask(const struct loaded *);
/* What was handed in is not to be; nothing is awaited. */
void		 ballot_drop(void);
/*
 * It is in force: the child is told.  One that cannot be told is killed, and
 * starts with what is in force.
 */
void		 ballot_tell(struct child *, enum child_await);
/* The same to all of these roles who were asked, and are not told yet. */
void		 ballot_tell_all(unsigned roles);
/* The candidates of these roles are told, and awaited until READY. */
void		 ballot_tell_candidates(unsigned roles);

void		 ballot_await(struct child *, enum child_await);
/* It has answered, or never will: false if nothing was awaited of it. */
bool		 ballot_take(struct child *);
/* The first of whom something is awaited; NULL: all is said. */
const struct child *ballot_open(void);
void		 ballot_clear(void);

#endif
