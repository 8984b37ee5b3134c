/*
 * Recipients: they are collected as long as RCPT follows RCPT, asked about
 * in one request, and answered together.
 */
#ifndef CMD_RCPT_H
#define CMD_RCPT_H

#include "messages.h"
#include "session.h"

/* Asks queued about the recipients collected; s waits for the answer. */
void	rcpt_ask(struct session *);
/* The answers, one for each asked; NULL: queued is away.  Wakes s. */
void	rcpt_checked(struct session *, const struct rcpt_checked *);

#endif
