/*
 * What sessions ask of the role state: whether one more password may be
 * tried.  The answer, or its loss, comes to login_allowed.
 */
#ifndef GUESS_CLIENT_H
#define GUESS_CLIENT_H

#include "messages.h"

struct peer;
struct session;

/* It answers out of memory; who is longer away is as good as dead. */
#define GUESS_TAKE_MS	2000

void	 guess_up(struct peer *);
void	 guess_down(struct peer *);
/* 0 when the answer will come, -1 when there is nobody to ask. */
int	 guess_ask(struct session *);
/* What came of it; lost when there is nobody to tell. */
void	 guess_tell(const struct session *, enum guess_result);

/* for the handler table */
void	 on_guess_taken(struct peer *, void *, const struct guess_taken *);

#endif
