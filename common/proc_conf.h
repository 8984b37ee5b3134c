/*
 * The part of proc.c that takes configurations in; what others use of it is
 * in proc.h.
 */
#ifndef PROC_CONF_H
#define PROC_CONF_H

#include "proc.h"

/* Sets the handlers of what master says about configurations.  Borrows ops
 * for ever. */
void	 proc_conf_setup(const struct proc_ops *, struct handlers *);

#endif
