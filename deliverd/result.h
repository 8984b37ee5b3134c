/*
 * What became of a job, recipient by recipient.  A result begins with its
 * job, outlives it, and ends when queued has made it durable (kept.h).
 *
 * An outcome is one such fate in words that are fit to be written anywhere:
 * remote octets other than printable ASCII are escaped where they come in.
 */
#ifndef RESULT_H
#define RESULT_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "messages.h"
#include "msgid.h"
#include "netaddr.h"
#include "numbers.h"
#include "smtp_reply.h"
#include "str.h"

struct outcome {
	enum rcpt_status	status;
	uint16_t		reply_code;	/* 0: the words are ours */
	char			code[SMTP_ENHANCED_MAX]; /* RFC 3463: "4.4.1" */
	size_t			n;
	char			text[REPLY_TEXT_MAX];	/* n printable octets */
};

/* In our own words. */
void	 outcome_say(struct outcome *, enum rcpt_status, const char *code,
	    const char *, ...) __attribute__((format(printf, 4, 5)));
/* In the remote's: 2yz is delivered, 4yz deferred, all else failed. */
void	 outcome_reply(struct outcome *, const struct smtp_reply *);
/* A permanent one that is to be tried again all the same. */
void	 outcome_soften(struct outcome *);

struct result_words;		/* a code and a text, shared by recipients */

struct result {
	struct numbered		 by_job;	/* its number is the job's */
	TAILQ_ENTRY(result)	 entry;		/* kept.c */
	bool			 sent;		/* and so to be kept */
	struct msgid		 id;
	struct netaddr		 address;	/* family 0: nobody spoken to */
	bool			 dsn;		/* it reports successes */
	uint64_t		 began_ms;	/* spoken to since */
	uint32_t		 took_ms;	/* to what was said last */
	size_t			 n_host;
	char			 host[DOMAIN_MAX];
	size_t			 n_tls;
	char			 tls[TLS_TEXT_MAX];
	struct result_words	*words;
	size_t			 n_rcpts;
	struct rcpt_result	 rcpts[];
};

/* All recipients RCPT_RETURNED, as long as nothing else is said.  NULL
 * without memory.  result_free takes NULL. */
struct result	*result_new(const struct job *);
void		 result_free(struct result *);

/* host says what is said from now on; the longer name is cut. */
void	 result_host(struct result *, struct str host,
	    const struct netaddr *);
/* How the connection was protected, in words; a longer text is cut. */
void	 result_tls(struct result *, struct str verdict);
void	 result_set(struct result *, size_t rcpt, const struct outcome *);
/* The same for those of the first n of which nothing was said yet. */
void	 result_set_rest(struct result *, size_t n, const struct outcome *);
bool	 result_is_said(const struct result *, size_t rcpt);
/* as JOB_RESULT; borrows */
void	 result_message(const struct result *, struct job_result *);

#endif
