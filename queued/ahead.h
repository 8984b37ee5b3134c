/*
 * Reading ahead, where small pieces of a file are asked for one behind the
 * other: when every message of the log is looked at.  A long piece is then
 * read at once, and the next ones are there already.  It is a guess: what it
 * has may be older than the file, and the caller, who checks what he gets,
 * reads for himself where it does not serve.
 */
#ifndef AHEAD_H
#define AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is empty. */
struct ahead {
	bool		 patient;	/* may wait for the disk */
	uint64_t	 file;		/* which one, as the caller counts */
	uint64_t	 last;		/* offset that was asked for */
	uint64_t	 at;		/* of what is here, */
	size_t		 n;		/* octets */
	uint8_t		*data;
};

/*
 * What is here of the file from offset on, and in *n how much, borrowed until
 * the next call.  NULL: nothing, or this is not near behind the last one.
 */
const uint8_t	*ahead_get(struct ahead *, uint64_t file, int fd,
		    uint64_t offset, size_t *n);
void		 ahead_clear(struct ahead *);

#endif
