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
#include "loader.h"
#include "peer.h"
#include "sockets.h"

struct event_base;

struct master {
	struct event_base	*base;
	struct load_request	 request;	/* where it comes from */
	struct loaded		 loaded;	/* what is in force */
	struct sockets		 sockets;
	int			 log_sink;
	struct child		 children[PROCESSES_MAX];
	size_t			 n_children;
	uint32_t		 generations;	/* of all starts together */
	bool			 serving;	/* all were READY once */
	bool			 stopping;
	bool			 debug;		/* -d: whatever is configured */
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

/* Of master's own lines, as the configuration in force and -d want it. */
void		 master_log_level(void);
/* The log of that configuration, opened for writing; -1: errno. */
int		 master_open_log(const struct conf *);
/* All of a run, but for -r: returns what the process exits with. */
int		 master_main(const struct options *);

#endif
