/*
 * The content of a message on its way in.  The header block stays in memory,
 * with our trace field in front of it.  Content that does not begin with a
 * header gets an empty line before it, as our field would make it one.  The
 * body stays in memory too up to BODY_INLINE_MAX and goes to a file of
 * queued's beyond that.  Once the content cannot be taken it is only read to
 * its end and nothing of it kept.
 */
#ifndef BODY_H
#define BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "header.h"
#include "bounds.h"
#include "smtp_data.h"
#include "str.h"

struct session;

/* Our trace field at its longest: host names, an address, an id, a date. */
#define RECEIVED_MAX		2048
/* The client's own header block: what HEADER_MAX leaves beside ours. */
#define HEADER_TAKEN_MAX	(HEADER_MAX - RECEIVED_MAX)
/* Of Delivered-To fields; each is a mailbox that sent it on. */
#define DELIVERED_MAX		100
/*
 * The least that must come within data-timeout: with its three minutes 91
 * octets a second, which the slowest honest link exceeds.
 */
#define DATA_BLOCK		16384

/* Why the content is not taken; each has its reply in cmd_data.c. */
enum body_fault {
	BODY_FINE,
	BODY_BARE_NEWLINE,
	BODY_NUL,
	BODY_TOO_LARGE,
	BODY_HEADER_TOO_LARGE,
	BODY_LOOPS,		/* hop-limit */
	BODY_DELIVERED,		/* it was in a recipient's mailbox */
	BODY_NO_SPACE,
	BODY_NO_FILE,		/* queued is away or gave none */
	BODY_NO_MEMORY,
	BODY_FAULT_N
};

/* The first line of the content, as far as it has come. */
enum first_line {
	FIRST_NONE,		/* nothing yet */
	FIRST_NAME,		/* what may be a field name */
	FIRST_BLANKS,		/* behind one */
	FIRST_HEADER,		/* a field, or the empty line */
	FIRST_BODY		/* no header at all */
};

struct body {
	struct data_scan	 scan;
	enum first_line		 first;
	struct header_end	 end;
	struct buf		 header;	/* our field, then theirs */
	struct buf		 content;	/* behind the header; or what
						 * is yet to be written */
	size_t			 received_len;	/* of our field */
	size_t			 block_left;	/* of DATA_BLOCK */
	enum body_fault		 fault;
	bool			 active;	/* between 354 and its reply */
	int			 fd;		/* the file; -1: none */
	uint32_t		 large;		/* queued's number for it */
	uint32_t		 epoch;		/* of the queued that gave it */
	uint64_t		 file_size;
};

void	body_init(struct body *);
/* Frees, and gives the file back to queued. */
void	body_reset(struct body *);
/* After 354.  -1 without memory. */
int	body_start(struct session *);

enum body_state {
	BODY_MORE,		/* all input was used */
	BODY_BLOCK,		/* the same, and a block is complete */
	BODY_NEEDS_FILE,	/* get a file before any more input */
	BODY_ENDED		/* the end of data; what follows is commands */
};
/* Takes octets off the front of *in. */
enum body_state body_input(struct session *, struct str *in);

/* A file (taken) for the body, or -1 and why not; what is held goes there. */
void	body_file(struct session *, int fd, uint32_t large,
	    enum body_fault why);
/* The end: all of it is in memory or in the file, or there is a fault. */
void	body_finish(struct session *);
/* octets of memory held */
size_t	body_held(const struct body *);

#endif
