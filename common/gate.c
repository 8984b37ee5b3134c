/*
 * The gate: everything that is checked of a frame before its handler sees
 * it, once for all messages.  Checks, then decodes; acts on nothing but the
 * counts of open requests.
 */
#include "gate.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>

static const char *const verdict_names[VERDICT_N] = {
	[ACCEPTED] = "accepted", [UNKNOWN_TYPE] = "unknown-type",
	[WRONG_WAY] = "wrong-way", [WRONG_PHASE] = "wrong-phase",
	[TOO_LONG] = "too-long", [WRONG_FD] = "wrong-fd",
	[MALFORMED] = "malformed", [UNASKED] = "unasked",
	[NO_CREDIT] = "no-credit", [UNHANDLED] = "unhandled",
};

const char *
verdict_name(enum verdict v)
{
	return verdict_names[v];
}

static bool
has_seals(int fd, int wanted)
{
	int	 seals = fcntl(fd, F_GET_SEALS);

	return seals != -1 && (seals & wanted) == wanted;
}

static bool
is_stream(int fd)
{
	int		 type;
	socklen_t	 len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == SOCK_STREAM;
}

static bool
may_write(int mode)
{
	return mode == O_WRONLY || mode == O_RDWR;
}

static bool
fd_fits(int fd, enum fd_kind kind)
{
	struct stat	 st;
	int		 mode;

	if (fd == -1)
		return kind == NO_FD || kind == MAY_READ_FD ||
		    kind == MAY_WRITE_FD || kind == MAY_SOCKET_FD;
	if (fstat(fd, &st) == -1)
		return false;
	mode = fcntl(fd, F_GETFL) & O_ACCMODE;
	switch (kind) {
	case SEALED_FD:
		return has_seals(fd, F_SEAL_WRITE | F_SEAL_SHRINK |
		    F_SEAL_GROW);
	case READ_FD:
	case MAY_READ_FD:
		return S_ISREG(st.st_mode) &&
		    (mode == O_RDONLY || has_seals(fd, F_SEAL_WRITE));
	case WRITE_FD:
	case MAY_WRITE_FD:
		return S_ISREG(st.st_mode) && may_write(mode);
	case SOCKET_FD:
	case MAY_SOCKET_FD:
		return S_ISSOCK(st.st_mode) && is_stream(fd);
	case SINK_FD:
		return may_write(mode);
	case NO_FD:
		break;
	}
	return false;
}

/* The first frame says who is there; nothing else is taken before it. */
static enum verdict
check_hello(struct peer *p, const struct hello *h)
{
	if (h->table != messages_hash())
		return MALFORMED;
	if (p->role == ROLE_N && h->role == ROLE_CTL)
		p->role = h->role;
	if (h->role != p->role)
		return WRONG_WAY;
	/* a child learns them later, from us; posternctl has none */
	if (p->self != ROLE_MASTER && p->self != ROLE_CTL &&
	    p->role != ROLE_CTL &&
	    (h->index != p->index || h->generation != p->generation))
		return MALFORMED;
	p->greeted = true;
	return ACCEPTED;
}

static enum verdict
check_request(struct peer *p, const struct frame *f, const struct rule *r,
    void **asker)
{
	uint16_t	 asked;

	switch (r->kind) {
	case KIND_ANSWER:
		if (pending_take(&p->pending, f->id, f->type, asker,
		    &asked) == -1)
			return UNASKED;
		p->asked[asked]--;
		break;
	case KIND_ASK:
		if (f->id == 0)
			return MALFORMED;
		if (p->open[f->type] >= r->credit)
			return NO_CREDIT;
		p->open[f->type]++;
		break;
	case KIND_TELL:
		break;
	}
	return ACCEPTED;
}

enum verdict
gate_check(struct peer *p, const struct frame *f, union payload *out,
    void **asker)
{
	const struct rule	*r = message_rule(f->type);
	struct wire		 w;

	if (r == NULL)
		return UNKNOWN_TYPE;
	if (p->greeted == (f->type == MSG_HELLO))
		return WRONG_PHASE;
	if (f->type != MSG_HELLO && (!(r->senders & 1u << p->role) ||
	    !(r->receivers & 1u << p->self)))
		return WRONG_WAY;
	if (!(r->phases & p->phase))
		return WRONG_PHASE;
	if (f->payload.n > r->maxlen)
		return TOO_LONG;
	if (!fd_fits(f->fd, r->fd))
		return WRONG_FD;
	wire_init(&w, f->payload.p, f->payload.n);
	if (r->decode(&w, &p->arena, out) == -1)
		return MALFORMED;
	if (f->type == MSG_HELLO)
		return check_hello(p, &out->hello);
	return check_request(p, f, r, asker);
}
