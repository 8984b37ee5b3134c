/*
 * What the files of io share: io.c (life and the turn), io_input.c,
 * io_output.c and io_deadline.c.  Nobody else includes it.
 *
 * A callback of the session may free the connection.  So every event
 * callback holds it (io_hold, io_unhold), and whoever goes on after calling
 * the session looks at io_is_gone first.
 */
#ifndef IO_PRIVATE_H
#define IO_PRIVATE_H

#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "io.h"

/* a filter may bring more at once than the room that was left */
#define IO_IN_MAX	(2 * IO_READ_MAX)
/* what is encrypted is longer than what was written */
#define IO_WIRE_MAX	(2 * IO_OUT_MAX)

/* what is to be done at the end of the turn */
enum io_todo {
	TODO_FLUSH = 1,		/* there may be something to write */
	TODO_INPUT = 2,		/* give again what was left over */
	TODO_OVERFLOW = 4,	/* tell the session of it */
};

/* only a connection with TLS on it has one */
struct io_tap {
	const struct io_filter	*ops;
	void			*state;
	bool			 closed;	/* closing was called */
	struct buf		 wire;	/* read, not yet taken by it */
	struct buf		 plain;	/* written, not yet taken by it */
};

struct io {
	int			 fd;		/* -1 once freed */
	struct event		 readable;
	struct event		 writable;
	struct event		 timer;
	const struct io_ops	*ops;
	void			(*connected)(void *, int);
	void			*arg;
	void			(*closed)(void *);	/* io_on_close */
	void			*closed_arg;
	struct buf		 in;		/* not used by the session */
	struct buf		 out;		/* for the wire */
	struct io_tap		*tap;
	uint64_t		 deadline;	/* of clock_ms; 0: none */
	uint64_t		 timer_at;	/* when it fires; 0: never */
	struct netaddr		 remote, local;
	int			 error;
	unsigned		 depth;		/* holds */
	unsigned		 todo;
	TAILQ_ENTRY(io)		 due;		/* while todo is not 0 */
	bool			 connecting;
	bool			 reading;	/* readable is added */
	bool			 blocked;	/* writable is added */
	bool			 paused;
	bool			 delivering;	/* in the data function */
	bool			 discard;	/* all that it leaves */
	bool			 high;		/* drained is to be called */
	bool			 eof;
	bool			 over;		/* all but EOF is told */
	bool			 broken;	/* writing makes no sense */
	bool			 finishing;	/* by io_finish */
	bool			 unread;	/* then, something was left */
	bool			 lingering;	/* and no more to write */
};

/* One read at a time goes here, whichever connection it is for. */
extern char	 io_shared[IO_READ_MAX];

/* io.c */
void	 io_hold(struct io *);
void	 io_unhold(struct io *);
void	 io_release(struct io *);	/* closes; freed when not held */
void	 io_schedule(struct io *, enum io_todo);
void	 io_want_read(struct io *, bool);
void	 io_want_write(struct io *);
void	 io_end(struct io *, enum io_end);
void	 io_fail(struct io *, int error);
void	 io_connected(struct io *);

/* io_deadline.c */
void	 io_on_timer(evutil_socket_t, short, void *);
void	 io_set_deadline(struct io *, uint32_t ms);

/* io_input.c */
void	 io_on_readable(evutil_socket_t, short, void *);
void	 io_input_again(struct io *);
void	 io_linger(struct io *);

/* io_output.c */
void	 io_on_writable(evutil_socket_t, short, void *);
void	 io_flush(struct io *);
void	 io_fail_filter(struct io *);	/* its last words, then EPROTO */

static inline bool
io_is_gone(const struct io *io)
{
	return io->fd == -1;
}

#endif
