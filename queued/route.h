/*
 * Routes: where a transaction goes, and the queue of those that are ready to
 * go there.  Each is there once, whoever uses it, and goes when nobody does.
 * What it means stands in its spec, made by router.c; when it may send is
 * dispatch.c's to say, and which part comes next schedule.c's.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "bucket.h"
#include "conf.h"
#include "bounds.h"
#include "mail.h"
#include "str.h"

struct event;
struct turn;
struct worker;

TAILQ_HEAD(turn_ring, turn);

struct route_spec {
	enum transport	 transport;
	struct str	 next_hop;	/* a domain, via's host, or the name of
					 * a service that has no host */
	uint16_t	 port;		/* 0: that of the transport */
	bool		 via;		/* no MX look-up */
	uint16_t	 delivery;	/* a rule's, or DELIVERY_NONE */
	/* TRANSPORT_SMTP: how the connection is protected, as in ROUTE_WAKE */
	bool		 via_tls;
	enum tls_level	 tls;
	struct str	 tls_name;
	struct str	 credential;	/* its name; or empty */
	uint32_t	 concurrency;
	uint32_t	 rate_messages, rate_ms; /* 0 messages: any number */
	uint32_t	 retry_min_s, retry_max_s, expire_s;
};

struct route {
	struct route_spec	 spec;		/* its strings are ours */
	uint32_t		 number;	/* never used again */
	uint32_t		 refs;		/* parts, jobs, outcomes */
	struct route		*next_spec;	/* in their buckets */
	struct route		*next_number;

	/* schedule.c */
	struct turn_ring	 ready;		/* turn.c */
	struct part_queue	 suspects;	/* ready, one at a time */
	uint32_t		 n_ready;	/* of both */

	/* dispatch.c */
	struct worker		*worker;	/* whose it is now, or NULL */
	uint32_t		 window;	/* what that worker wants */
	uint32_t		 in_flight;	/* what it has */
	bool			 suspect_out;
	struct bucket		 sent;		/* by its rate */
	bool			 woken;		/* a wake is unanswered */
	bool			 down;		/* held until the timer */
	struct event		*timer;		/* or NULL */
	uint16_t		 down_reply;	/* why, reply.h */
	bool			 waiting;	/* for attention */
	TAILQ_ENTRY(route)	 attention;
};

TAILQ_HEAD(route_queue, route);

/* The route of that spec, new or known, with a reference for the caller. */
struct route	*route_get(const struct route_spec *);
struct route	*route_hold(struct route *);
/* The last one frees it, unless dispatch.c is not done with it. */
void		 route_drop(struct route *);
/* To be called when dispatch.c's part in it has ended: frees it if unused. */
void		 route_settle(struct route *);
struct route	*route_find(uint32_t number);	/* or NULL */
/* Whether that number was ever given; a claim of a higher one is a lie. */
bool		 route_was(uint32_t number);
/* Calls each for all; it must not drop any. */
void		 route_each(void (*each)(struct route *, void *), void *arg);
/* For people: "example.org", "mx.example:25", "local:3". */
#define ROUTE_NAME_MAX	DOMAIN_MAX
struct str	 route_name(const struct route *, char[ROUTE_NAME_MAX + 1]);

#endif
