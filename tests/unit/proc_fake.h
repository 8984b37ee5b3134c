/*
 * A process of deliverd as its modules see it, for their tests: the loop, the
 * configuration and whether it stops are what the test sets, and what is said
 * to others is kept as text.  Included once, by a test program.
 */
#ifndef PROC_FAKE_H
#define PROC_FAKE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "log.h"
#include "proc.h"

static struct event_base	*base;
static struct conf		 conf;
static bool			 stopping, stopped;
static char			 said[8192];	/* by note() */

struct event_base *
proc_base(void)
{
	return base;
}

const struct conf *
proc_conf(void)
{
	return &conf;
}

bool
proc_stopping(void)
{
	return stopping;
}

static inline void
note(const char *fmt, ...)
{
	size_t	 n = strlen(said);
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

static inline void
on_stopped(void)
{
	stopped = true;
}

static inline bool
is_stopped(void)
{
	return stopped;
}

static inline void
no_log(enum log_level level, const char *line, size_t n)
{
	(void)level, (void)line, (void)n;
}

#endif
