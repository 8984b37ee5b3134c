/*
 * The processes in queued's two roles: their handlers and lives, for main().
 */
#ifndef QUEUED_H
#define QUEUED_H

#include "proc.h"

extern const struct proc_ops	 queued_ops;
extern const struct proc_ops	 state_ops;

#endif
