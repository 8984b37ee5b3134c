/*
 * Frames on a stream socket: a 12-octet header and at most 64 KiB in all;
 * what is longer goes on in further frames.  File descriptors pass with the
 * frame that names them.  Knows no message type: how long a message of a
 * type may be is asked of its owner.
 *
 *	offset	octets
 *	0	4	length of this frame, header included
 *	4	2	type
 *	6	1	flags: FRAME_FD, FRAME_MORE
 *	7	1	zero
 *	8	4	id: of the request; 0 where none is asked or answered
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "str.h"

#define FRAME_HEADER	12
#define FRAME_MAX	65536
#define FRAME_FD	0x01	/* a descriptor passes with it */
#define FRAME_MORE	0x02	/* the same message goes on in the next frame */

#define FRAME_FDS_IN_MAX	64	/* passed, not taken by their frames: a
				 * read brings the next one at most */
#define FRAME_FDS_OUT_MAX	16384	/* waiting with their frames */
/* what may wait for a peer that does not read: then it is given up */
#define FRAME_OUT_MAX	(256 << 20)
/* above this no new request is taken for it */
#define FRAME_OUT_HIGH	(16 << 20)
#define FRAME_FDS_HIGH	128

/* One whole message, as received; payload is borrowed until the next. */
struct frame {
	uint16_t	 type;
	uint32_t	 id;
	int		 fd;		/* -1: none; the taker sets it to -1 */
	struct str	 payload;
};

struct fd_mark {
	size_t	 at;		/* octets written before its frame */
	int	 fd;
};

struct frame_channel {
	int		 fd;
	struct buf	 in;		/* not yet taken apart */
	struct buf	 whole;		/* a message that goes on */
	struct frame	 current;
	size_t		 taken;		/* octets of in that it borrows */
	size_t		 received;	/* octets, ever */
	bool		 more;		/* whole waits for its end */
	int		 in_fds[FRAME_FDS_IN_MAX];
	size_t		 n_in_fds;
	struct buf	 out;
	struct fd_mark	*out_fds;	/* those from first_out_fd on wait */
	size_t		 first_out_fd, n_out_fds, size_out_fds;
	size_t		 written;	/* octets of out, ever */
	/* the longest payload of that type, or 0 for an unknown type */
	size_t		 (*maxlen)(unsigned type);
};

/* Takes fd, a non-blocking stream socket. */
void	 frame_init(struct frame_channel *, int fd,
	    size_t (*maxlen)(unsigned type));
/* Closes and frees everything, descriptors that were not taken as well. */
void	 frame_clear(struct frame_channel *);

enum frame_result {
	FRAME_OK,
	FRAME_AGAIN,		/* nothing whole yet, nothing to read, or the
				 * socket is full */
	FRAME_SHORT,		/* the kernel lacks room: again in a while */
	FRAME_CLOSED,		/* end of file or a socket error */
	FRAME_MALFORMED,	/* a header that cannot be: close the channel */
};

/* Reads once what there is. */
enum frame_result frame_read(struct frame_channel *);
/*
 * The next whole message of what was read.  The frame before it, with a
 * descriptor that was not taken, is no more.
 */
enum frame_result frame_next(struct frame_channel *, struct frame **);

/*
 * Queues a message.  encode writes the payload from x; fd (taken, also on
 * failure) passes with it, or -1.  -1 when it does not fit or encode failed;
 * the channel is as it was then.
 */
int	 frame_put(struct frame_channel *, unsigned type, uint32_t id, int fd,
	    void (*encode)(struct buf *, const void *), const void *x);
/* Drops what waits to be written. */
void	 frame_discard(struct frame_channel *);
/*
 * Writes what the socket takes.  FRAME_OK: all is out; FRAME_AGAIN: call
 * again when it is writable; FRAME_SHORT; FRAME_CLOSED.
 */
enum frame_result frame_flush(struct frame_channel *);

static inline size_t
frame_waiting(const struct frame_channel *c)
{
	return c->out.len;
}

static inline size_t
frame_fds_waiting(const struct frame_channel *c)
{
	return c->n_out_fds - c->first_out_fd;
}

#endif
