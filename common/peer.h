/*
 * A connected process: the gate through which all its messages come (check,
 * decode, act), requests awaiting its answers, and frames on their way to it.
 *
 * A process lists the messages that it takes in a struct handlers:
 *
 *	static const struct handlers handlers = {
 *		.MAIL_SUBMIT = on_mail_submit,
 *		.HOSTS = on_hosts,
 *	};
 *
 * on_<message>(peer, id, payload) takes what is told or asked; an ask is
 * answered, now or later, by peer_send with that id.  An answer comes to
 * on_<answer>(peer, asker, payload) with the asker given to peer_ask (NULL
 * where peer_forget was called meanwhile).  Payloads are borrowed until the
 * handler returns.  A descriptor that came with the message is taken by
 * peer_take_fd, or closed.
 *
 * What the gate refuses closes that channel, is logged and reported to
 * master; nobody else is disturbed.  When a channel goes, every open request
 * on it ends once, in its lost function.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "messages.h"
#include "pending.h"
#include "roles.h"

struct event_base;
struct event;
struct peer;

#define HANDLER_TELL(name, type)	void (*name)(struct peer *, uint32_t id, \
					    const struct type *);
#define HANDLER_ANSWER(name, type)	void (*name)(struct peer *, void *asker, \
					    const struct type *);
#define HANDLER_ASKS(answer)		HANDLER_TELL
#define HANDLER(name, senders, receivers, fd, phases, kind, credit, type) \
	HANDLER_##kind(name, type)
struct handlers { MESSAGES(HANDLER) };

/* what the gate says of a frame */
enum verdict {
	ACCEPTED,
	UNKNOWN_TYPE,
	WRONG_WAY,	/* that role may not send it here */
	WRONG_PHASE,
	TOO_LONG,
	WRONG_FD,
	MALFORMED,
	UNASKED,	/* an answer to no open request */
	NO_CREDIT,	/* more requests at a time than agreed */
	UNHANDLED,	/* no handler: not in use in this configuration */
	VERDICT_N
};

struct peer {
	enum role		 role;		/* who is there */
	uint16_t		 index;
	uint32_t		 generation;
	uint32_t		 pair;		/* of PEER; 0: no mesh */
	enum role		 self;		/* who we are to it */
	enum phase		 phase;		/* of the peer's life */
	bool			 greeted;	/* its HELLO has come */
	bool			 down;		/* lost; freed once unused */
	bool			 mute;		/* reads no more: its last
						 * words are still heard */
	bool			 leaving;	/* takes nothing new */
	struct frame_channel	 channel;
	struct pending_table	 pending;	/* our requests to it */
	uint32_t		 asked[MSG_N];	/* those, by type */
	uint32_t		 open[MSG_N];	/* its to us, by type */
	struct arena		 arena;		/* of the payload in hand */
	const struct handlers	*handlers;
	void			*data;		/* the process's own */
	struct frame		*frame;		/* while in a handler */
	struct event		*readable, *writable, *flush, *expiry;
	void			(*lost)(struct peer *);
	struct peer		*next;		/* for its owner's list */
};

/* Who lives in this process; said once, before the first peer. */
void		 peer_setup(struct event_base *, enum role self,
		    uint16_t index, uint32_t generation);

/*
 * A new peer on fd (taken).  role ROLE_N: whatever its HELLO says, if it is
 * one of the roles in the mask (the control socket).  lost is called once,
 * after every pending request ended, when the channel is gone; the peer is
 * freed after it returns.
 */
struct peer	*peer_new(int fd, enum role, uint16_t index,
		    uint32_t generation, const struct handlers *,
		    void (*lost)(struct peer *));
/*
 * Closes the channel as if the other end had: nothing more is received, and
 * at the end of this turn of the loop its requests end, lost is called and
 * the peer is freed.
 */
void		 peer_close(struct peer *);
/* The same at once; not from one of its own handlers. */
void		 peer_end(struct peer *);
/* The same, but what it has said before is handled first. */
void		 peer_hear_out(struct peer *);
/* Writes out what is queued, waiting up to that long; for a last word. */
void		 peer_drain(struct peer *, int timeout_ms);
/*
 * Sends what is queued, waits for messages and handles what one read brings;
 * for a program without a loop, which calls it until it has what it wants.
 * 0, or -1 when the peer is down or the time is over.
 */
int		 peer_wait(struct peer *, int timeout_ms);

/*
 * Sends a message; the name is that of its row and the structure is checked
 * by the compiler.  id: 0, or that of the request answered.  0, or -1 when
 * the peer is down or the payload out of its bounds (which is our bug: it is
 * logged).  peer_send_fd also passes fd, which is taken in every case.
 */
#define peer_send(p, name, id, x)					\
	peer_send_any((p), MSG_##name, (id), -1,			\
	    (union payload_pointer){ .name = (x) })
#define peer_send_fd(p, name, id, fd, x)				\
	peer_send_any((p), MSG_##name, (id), (fd),			\
	    (union payload_pointer){ .name = (x) })
int		 peer_send_any(struct peer *, enum message, uint32_t id,
		    int fd, union payload_pointer);
/* So much waits for it that what can wait should. */
bool		 peer_is_full(const struct peer *);

/*
 * Asks; the answer comes to the handler of the answer's row, with asker.
 * If instead the peer is lost or timeout_ms (0: none) pass, lost_fn(asker,
 * why) is called.  One of the two happens exactly once, never before
 * peer_ask returns.  Returns the request's id, or 0 when nothing was sent:
 * peer NULL or down, no credit, too much waiting for it.  peer_ask_fd also
 * passes fd, which is taken in every case.
 */
#define peer_ask(p, name, x, lost_fn, asker, timeout_ms)		\
	peer_ask_fd(p, name, -1, x, lost_fn, asker, timeout_ms)
#define peer_ask_fd(p, name, fd, x, lost_fn, asker, timeout_ms)		\
	peer_ask_any((p), MSG_##name, (fd),				\
	    (union payload_pointer){ .name = (x) }, (lost_fn), (asker),	\
	    (timeout_ms))
uint32_t	 peer_ask_any(struct peer *, enum message, int fd,
		    union payload_pointer, pending_lost, void *asker,
		    uint32_t timeout_ms);
/* The asker is no more: neither answer nor loss will reach it. */
void		 peer_forget(struct peer *, uint32_t id);

/* In a handler: the descriptor that came with the message; else -1. */
int		 peer_take_fd(struct peer *);
/*
 * In or after a handler: what it sent cannot be, though well formed (an id
 * that is not its own).  Closes it and reports it, like the gate.
 */
void		 peer_fault(struct peer *, const char *what);

/* Called with each fault; proc.c reports to master. */
void		 peer_on_fault(void (*)(struct peer *, const char *what));

const char	*verdict_name(enum verdict);

#endif
