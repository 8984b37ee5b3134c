/*
 * Connections to the network: the one layer on which sessions read and
 * write, plain now and with TLS in between later (io_filter), without the
 * session noticing.  Nothing here blocks.
 *
 * Bytes in: read into memory that the process shares between connections,
 * handed to the data function, which says how many it used; only what is
 * left over is kept with the connection, so an idle one holds no buffer.
 * Bytes out: kept until the socket takes them, then freed.
 *
 * A deadline is for a whole stage, never for a single read.
 */
#ifndef IO_H
#define IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "netaddr.h"
#include "str.h"

#define IO_READ_MAX	65536	/* of one read, and of what may be left over */
#define IO_OUT_MAX	(1 << 20) /* waiting to go out; more closes it */
#define IO_OUT_LOW	65536	/* below it, drained asks for more */

struct io;
struct event_base;

/*
 * After IO_EOF one may still write, and one of the others may follow; they
 * come once, and nothing is called after them.  What was written goes out
 * even after IO_TIMEOUT, by io_finish.
 */
enum io_end {
	IO_EOF,			/* the other side has finished */
	IO_ERROR,		/* reset, or the like: errno in io_errno */
	IO_TIMEOUT,		/* the deadline has passed */
	IO_OVERFLOW,		/* it does not read what we write, or what was
				 * left over exceeds IO_READ_MAX */
};

struct io_ops {
	/*
	 * Octets have come.  Returns how many were used; the rest is kept
	 * and given again in front of what comes next, or at io_resume.
	 * May call anything, also io_free on this connection, and may write
	 * over what it has used, where that was a secret.
	 */
	size_t	(*data)(void *arg, struct str);
	/*
	 * What waits to go out had reached IO_OUT_LOW and is below it again;
	 * never called from within io_write.  May be NULL.
	 */
	void	(*drained)(void *arg);
	/* the connection has ended: free it here or later */
	void	(*ended)(void *arg, enum io_end);
};

/*
 * Between connection and session: TLS.  Both functions take what is in the
 * first buffer and append what comes of it to the second; they return 0, or
 * -1 to end the connection with IO_ERROR.  Either may also append to out,
 * octets for the wire that nobody wrote (a handshake), and incoming may call
 * the session, which may free the connection: the filter is freed later.
 */
struct io_filter {
	int	(*incoming)(void *state, struct buf *wire, struct buf *plain,
		    struct buf *out);
	int	(*outgoing)(void *state, struct buf *plain, struct buf *out);
	void	(*free)(void *state);
	/* All was taken and io_finish called: the last octets.  Or NULL. */
	void	(*closing)(void *state, struct buf *out);
};

void		 io_setup(struct event_base *);

/* Takes fd, connected or connecting (io_connect), non-blocking. */
struct io	*io_new(int fd, const struct io_ops *, void *arg);
/*
 * A new connection to addr, from source (family 0: any); connected is told
 * once, with 0 or an errno (ETIMEDOUT when the deadline passes first), never
 * before io_connect returns.  Until then no other function is called.  NULL
 * with errno when it fails at once.
 */
struct io	*io_connect(const struct netaddr *addr,
		    const struct netaddr *source, const struct io_ops *,
		    void (*connected)(void *arg, int error), void *arg);
/* Closes and frees; safe in every callback.  Sets the pointer to NULL. */
void		 io_free(struct io **);
/*
 * The same once all that was written is out, or deadline_ms (not 0) from
 * now.  No function is called any more.  While the other side still sends,
 * what it sends is dropped until then, as closing earlier would reset the
 * connection and with it our last words (RFC 9293 3.10.4).
 */
void		 io_finish(struct io **, uint32_t deadline_ms);

/* -1 when it has ended or IO_OUT_MAX is reached.  Goes out at the end of
 * this turn of the loop, together with what else is written in it. */
int		 io_write(struct io *, struct str);
int		 io_printf(struct io *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));
size_t		 io_waiting(const struct io *);	/* octets not yet out */

/* Stops calling data; nothing is read from the network meanwhile. */
void		 io_pause(struct io *);
/* Goes on, with what was left over first. */
void		 io_resume(struct io *);

/*
 * closed is called once, when the descriptor has been closed: by io_free, or
 * later by io_finish.  It must not call any function of io's.
 */
void		 io_on_close(struct io *, void (*closed)(void *arg), void *arg);

/* From now, ms until ended(IO_TIMEOUT); 0: none. */
void		 io_deadline(struct io *, uint32_t ms);

/* What has not been used of what was read: dropped at once (STARTTLS). */
void		 io_discard_input(struct io *);
/* Takes state; must be set before any octet that it is to see is read. */
void		 io_set_filter(struct io *, const struct io_filter *,
		    void *state);
/* The state of that filter; NULL when it has another or none. */
void		*io_filter_state(const struct io *, const struct io_filter *);
/* What the filter waited for has come: both its functions run again, soon. */
void		 io_filter_ready(struct io *);

int		 io_errno(const struct io *);
/* The other end as the kernel knows it; family 0 for a UNIX socket. */
const struct netaddr *io_remote(const struct io *);
const struct netaddr *io_local(const struct io *);

#endif
