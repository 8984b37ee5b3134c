/*
 * What the load role says to master and asks of it, without its loop.
 */
#ifndef LOAD_IO_H
#define LOAD_IO_H

#include <stdbool.h>

#include "buf.h"
#include "report.h"
#include "source.h"

/*
 * How long master may take to open a file, or to read what we say: disks
 * that sleep need seconds, and master gives us up before (PROC_START_MS
 * counts for its own steps).
 */
#define LOAD_ASK_MS	30000

/* A source whose files master opens; reports that master gets. */
extern const struct source	load_source;
void	 load_say(void *data, bool warning, const char *text);

/* The answer to LOAD_OPEN, a handler. */
struct peer;
struct load_opened;
void	 load_on_opened(struct peer *, void *asker,
	    const struct load_opened *);

/*
 * Sealed memory (taken) and text.  Each waits until it is on its way, so
 * that a configuration with hundreds of tables does not fill the channel.
 */
void	 load_send_table(unsigned table, int fd);
void	 load_send_conf(int fd);
void	 load_send_text(const struct buf *);
void	 load_send_end(bool ok);

#endif
