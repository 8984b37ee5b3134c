/*
 * deliverd's two roles: "out" carries mail to other hosts, "local" has it
 * put into mailboxes.  Both take jobs from queued in the same way.
 */
#ifndef DELIVERD_H
#define DELIVERD_H

#include "proc.h"

extern const struct proc_ops	deliverd_ops;

#endif
