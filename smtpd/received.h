/*
 * The trace field that every server puts in front of what it takes (RFC 5321
 * 4.4).
 */
#ifndef RECEIVED_H
#define RECEIVED_H

struct buf;
struct session;

/* Appends it, at most RECEIVED_MAX octets; -1 when the buffer has failed. */
int	received_put(struct buf *, const struct session *);

#endif
