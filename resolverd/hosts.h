/*
 * The mail hosts of a domain, or the addresses of one host, as a finished
 * answer to HOSTS_ASK (RFC 5321 5.1): hosts by preference, equal ones in
 * random order, with the addresses of both families and, where asked for and
 * where DANE can hold (RFC 7672 2.2), TLSA records.
 *
 * A host whose addresses cannot be had does not spoil the others; only when
 * no host has any is the whole a failure (something failed: try again) or
 * NAMES_NONE.  What is left out: hosts that are no names, doubles, hosts
 * without addresses beside those that have some, and all beyond HOSTS_MAX
 * and HOST_ADDRS_MAX.  Whether an address may be connected to (loopback, our
 * own) is for deliverd to say.
 */
#ifndef HOSTS_H
#define HOSTS_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

#include "lookup.h"

/*
 * Questions that one ask may put to name servers; those from the cache do
 * not count.  Hosts beyond count as failed: a domain with many hosts costs
 * its owner's servers, and ours, no more than this.
 */
#define HOSTS_QUESTIONS_MAX	64

struct hosts_job;

enum hosts_part { PART_A, PART_AAAA, PART_TLSA, PART_N };

/* One of the questions about a host. */
struct hosts_lookup {
	struct lookup_wait	 wait;
	struct answer		*answer;	/* NULL: not asked, not here */
	struct hosts_target	*target;
	enum hosts_part		 part;
};

struct hosts_target {
	struct hosts_job	*job;
	struct str		 name;		/* in the job's memory */
	uint16_t		 preference;
	struct netaddr		 literal;	/* family 0: a name */
	struct hosts_lookup	 lookups[PART_N];
};

/* In its owner's memory, from hosts_start to hosts_clear. */
struct hosts_job {
	char			 name_store[DOMAIN_MAX];
	struct str		 name;
	bool			 mx, tlsa;
	uint16_t		 port;
	void			(*done)(struct hosts_job *,
				    const struct hosts *);
	struct lookup_wait	 wait;		/* for MX */
	struct answer		*mx_answer;
	struct event		 deadline;	/* of the whole ask */
	bool			 timed;		/* it is set */
	struct hosts_target	*targets;
	size_t			 n_targets;
	unsigned		 pending;	/* lookups not here yet */
	unsigned		 questions;
};

/*
 * Copies the ask.  After the time that one question may take, the answer is
 * what has been found by then.  done is called once, perhaps before
 * hosts_start returns; the answer is borrowed until hosts_clear, which done
 * has to call.
 */
void	 hosts_start(struct hosts_job *, const struct hosts_ask *,
	    void (*done)(struct hosts_job *, const struct hosts *));
/* Frees what the job holds; if it is not done, it ends without a word. */
void	 hosts_clear(struct hosts_job *);

/* hosts_pick.c: the targets, none or more; -1 without memory. */
int	 hosts_pick_mx(struct hosts_job *);	/* of the answer to MX */
int	 hosts_pick_itself(struct hosts_job *);

/*
 * hosts_reply.c: what is known of the origin of a host's addresses, of those
 * that came.  That one family failed does not make the other less secure:
 * else who can suppress an answer could switch DANE off.
 */
enum dnssec hosts_addresses_dnssec(const struct hosts_target *);
/* The answer from all that the job has found, in memory that the next call
 * uses again. */
const struct hosts *hosts_reply(const struct hosts_job *);
/* One without hosts; why is borrowed. */
const struct hosts *hosts_reply_none(enum names_result, enum dnssec,
	    uint32_t ttl_s, struct str why);

#endif
