/*
 * The filter grammar, one for all commands: words that must all fit.
 *
 *	from=ADDRESS to=ADDRESS domain=DOMAIN route=NAME
 *	state=active|waiting|deferred|held
 *	age>TIME age<TIME size>SIZE size<SIZE reply~TEXT
 *	id=PREFIX, or the prefix alone; all
 */
#ifndef FILTER_H
#define FILTER_H

#include "messages.h"

/*
 * Reads n words into the filter, which borrows them.  Ends the program with
 * EX_USAGE and says which word is wrong.  Returns how many words restrict it
 * ("all" counts as one).
 */
int	 filter_parse(struct queue_filter *, char **words, int n);

#endif
