/*
 * Wrong passwords, as the role `state` counts them for all workers: per
 * subscriber and per account, within the windows of guesses.h.  A client
 * that has lately said the right password of an account is known for it, and
 * is let through whatever others did to the account, a few tries at a time
 * and until it says a wrong one: so nobody is locked out of an account by
 * those who guess at it.
 */
#ifndef GUESS_H
#define GUESS_H

#include "messages.h"

enum guess_verdict guess_take(const struct guess *);
void		 guess_end(const struct guess_end *);

/*
 * One row for whom it names: an address, a network as a row names it, or
 * else an account; forgive ends that count, and the row is as it was before.
 * Where it names nobody, one for each that was refused last, the latest
 * first.  rows has room for GUESSES_ROWS_MAX, and borrows until the next
 * call here.  How many.
 */
size_t		 guess_rows(const struct guesses_ask *m,
		    struct guesses_row *rows);

#endif
