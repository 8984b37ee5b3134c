/*
 * The process: what it does at the steps of its life (proc.h).
 */
#ifndef RESOLVERD_H
#define RESOLVERD_H

#include "proc.h"

extern const struct proc_ops	 resolverd_ops;

#endif
