/*
 * Master's side of the load role: runs it once, opens the files it asks
 * for, and takes what it compiled.  Reads nothing of it but the encoding of
 * the result.
 */
#ifndef LOADER_H
#define LOADER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "messages.h"

#define LOADER_MS	60000	/* for all of it; big tables take a while */

struct event_base;

/* A configuration with its tables, as it is passed on. */
struct loaded {
	struct conf_memory	*memory;	/* NULL: none */
	int			 conf_fd;
	int			 tables[TABLES_MAX];
	int			 keys[CERTIFICATES_MAX]; /* -1: self-signed */
	int			 credentials[CREDENTIALS_MAX];
};

#define LOADED_NONE	{ .memory = NULL, .conf_fd = -1 }

struct load_request {
	enum load_mode	 mode;
	const char	*name;		/* of the file, for errors too */
	const char	*dir;		/* relative names are looked up here */
	struct str	 text;		/* built-in: instead of the file */
	uint32_t	 number;	/* that the configuration will have */
	/* each error and warning; NULL: to standard error */
	void		(*report)(bool warning, struct str);
};

/*
 * Starts it; done is called once with what came of it: 0 (loaded then holds
 * the configuration, and its secrets are open) or what to exit with, each
 * error having been told.  Borrows the request until then; one at a time.
 */
void	 loader_start(struct event_base *, const struct load_request *,
	    struct loaded *, void (*done)(int code));
/* The same, running the loop until it is done. */
int	 loader_run(struct event_base *, const struct load_request *,
	    struct loaded *);

/* A line to whom the request being served, or served last, reports. */
void	 loader_say(bool warning, struct str);

/* A child has ended: whether it was the load role. */
bool	 loader_died(pid_t, int wait_status);
/* It is not wanted any more: done will be told of a failure. */
void	 loader_cancel(void);

void	 loaded_init(struct loaded *);
void	 loaded_free(struct loaded *);

#endif
