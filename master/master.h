/*
 * What master has in its hands while it runs, and the parts of it that meet:
 * the children, the configuration in force and the sockets that were bound.
 * There is one struct master, made in master.c.
 */
#ifndef MASTER_H
#define MASTER_H

#include <stdbool.h>
#include <stddef.h>

#include "child.h"
#include "bounds.h"
#include "listen.h"
#include "loader.h"
#include "peer.h"

struct event_base;

struct master {
	struct event_base	*base;
	struct loaded		 loaded;
	struct sockets		 sockets;
	int			 log_sink;
	struct child		 children[PROCESSES_MAX];
	size_t			 n_children;
	uint32_t		 generations;	/* of all starts together */
	bool			 serving;	/* all were READY once */
	bool			 stopping;
	int			 status;	/* to exit with */
	void			(*announce)(void); /* once serving; or NULL */
};

extern struct master	 master;

/* What main found in its arguments. */
struct options {
	const char	*conf_file;
	const char	*run_dir;	/* -b: built-in configuration there */
	const char	*programs;	/* their directory */
	bool		 check, print, debug;
};

/* All of a run, but for -r: returns what the process exits with. */
int		 master_main(const struct options *);

#endif
