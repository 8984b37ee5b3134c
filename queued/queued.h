/*
 * The queue process: its handlers and its life, for main().
 */
#ifndef QUEUED_H
#define QUEUED_H

#include "proc.h"

extern const struct proc_ops	 queued_ops;

#endif
