/*
 * The routes that queued has woken: their hosts, their connections, the jobs
 * waiting for one, and how many jobs are wanted.  A route is forgotten when
 * it sleeps again.
 *
 *	asleep -> RESOLVING -> OPEN -> asleep
 *		      |   |      |
 *		      |   |      +-> DOWN -> (its next ROUTE_WAKE)
 *		      |   +-> DOWN
 *		      +-> FAILING -> asleep
 *
 * OPEN: its hosts are known, connections come and go.  FAILING: no mail for
 * it can ever be delivered, and each job is told so.  DOWN: nothing can be
 * delivered now; queued keeps the jobs and wakes the route later.
 *
 * When queued was restarted its numbers mean nothing any more: what is in
 * hand is finished, and a route that is woken again is found by its next hop.
 * So is one of which there were only questions (question.h) until then.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow.h"
#include "messages.h"
#include "netaddr.h"
#include "pool.h"
#include "protection.h"
#include "target.h"
#include "task.h"

enum hop_state { ROUTE_RESOLVING, ROUTE_OPEN, ROUTE_FAILING, ROUTE_DOWN };

struct peer;

struct route {
	struct numbered		 by_number;	/* first */
	struct expiring		 resting;	/* FAILING or DOWN */
	TAILQ_ENTRY(route)	 entry;
	enum hop_state	 state;
	bool			 numbered;	/* by the queued that lives */
	enum transport		 transport;
	bool			 via;
	bool			 by_service;	/* or a host's, by name */
	uint16_t		 port;
	uint16_t		 service;	/* its index in ... */
	uint32_t		 conf;		/* ... that configuration */
	struct protection	 protection;
	uint32_t		 concurrency;
	struct flow		 flow;
	uint32_t		 backlog;	/* queued's hint */
	bool			 woken;		/* but not yet connected */
	bool			 balancing, again;
	struct task_list	 waiting;	/* for a connection */
	struct task_list	 questions;	/* the same, and go first */
	size_t			 n_waiting;	/* of both */
	size_t			 in_hand;	/* and those that have one */
	uint32_t		 window;	/* as queued was told */
	uint32_t		 full;		/* jobs that filled it */
	unsigned		 failures;	/* to connect, in a row */
	uint32_t		 down_s;	/* the last time; 0: never */
	uint64_t		 down_ms;	/* when it was */
	uint64_t		 down_until_ms;	/* as queued was told; or 0 */
	struct targets		 targets;
	uint64_t		 targets_until_ms;
	uint32_t		 asked;		/* HOSTS_ASK; 0: none is open */
	struct peer		*resolver;	/* of whom, while it is */
	unsigned		 resolvers_lost;
	struct pool		 pool;
	struct outcome		 verdict;	/* why it is FAILING or DOWN */
	size_t			 n_next_hop;
	char			 next_hop[DOMAIN_MAX];
};

void	 route_setup(void);		/* once in a process */

/* What queued and resolverd say; those with a task take it. */
void	 route_wake(const struct route_wake *);
void	 route_job(uint32_t number, struct task *);
void	 route_question(const struct route_wake *, struct task *);
void	 route_on_hosts(struct route *, const struct hosts *);
void	 route_queued_lost(void);
void	 route_resolver_up(void);
/* No new work; on_stopped is called once nothing is in hand any more. */
void	 route_stop(void (*on_stopped)(void));
/* Another configuration holds: hosts are looked up again before the next
 * connection, and services by their name. */
void	 route_reconfigure(void);
/* The time for that is over. */
void	 route_abort(void);

/* route_hosts.c, for route.c: makes the route OPEN, at once or when resolverd
 * has answered, or fails it. */
void	 route_hosts_setup(void);
void	 route_resolve(struct route *);
void	 route_resolve_end(struct route *);	/* it is over with it */
bool	 route_hosts_are_fresh(const struct route *);
void	 route_ask_hosts(struct route *);
/* And back: no mail can be delivered, now or (RCPT_FAILED) ever. */
void	 route_fail(struct route *, const struct outcome *why);

/* For its connections. */
struct task *route_next_task(struct route *);
/* heard: a server has answered to it, so the route lives. */
void	 route_end_task(struct route *, struct task *, bool heard);
/* Not tried there: to the front, or ended if that happened too often. */
void	 route_return_task(struct route *, struct task *);
void	 route_target_failed(struct route *, const struct netaddr *);
/* No host took a connection (reached false), or one broke before it did any
 * good. */
void	 route_conn_failed(struct route *, bool reached,
	    const struct outcome *);
struct pool *route_pool(struct route *);
/* Something has changed: hands out, opens, tells queued.  May free it. */
void	 route_balance(struct route *);
void	 route_check_stop(void);

#endif
