/*
 * postern-local: runs as the user whose mailboxes it writes, for as long as
 * mail for them keeps coming.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include "proc.h"

extern const struct proc_ops	local_ops;

#endif
