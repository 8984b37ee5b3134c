/*
 * Every maximum that holds between processes or against the network, in one
 * place.  What only one module needs to know stands in that module.
 */
#ifndef BOUNDS_H
#define BOUNDS_H

/* RFC 5321 4.5.3.1: the least that everybody must take */
#define PATH_MAX_LEN		256	/* with its angle brackets, 4.5.3.1.3 */
#define ADDRESS_MAX		320	/* local@domain as we write it: 64 + 1 +
					 * 255 and more; above PATH_MAX_LEN, so
					 * a re-quoted path still fits */
#define DOMAIN_MAX		255	/* 4.5.3.1.2 */
#define RCPTS_MIN		100	/* 4.5.3.1.8 */

/* what we take */
#define RCPTS_MAX		1000	/* of a message, once expanded */
#define RCPT_BATCH_MAX		100	/* asked about in one RCPT_CHECK */
#define HEADER_MAX		131072	/* the header block; stays in memory */
#define BODY_INLINE_MAX		65536	/* above, a body travels as a file */
#define BODY_SEGMENT_MAX	1048576	/* above, it stays a file */
#define MESSAGE_SIZE_MAX	4294967296ULL	/* "message-size" at most */
#define JOB_RCPTS_MAX		100	/* of one transaction out (RFC 5321
					 * 4.5.3.1.8: all servers take these) */
#define HOPS_MAX		100	/* "hop-limit" may go to it (6.3) */
#define REPLY_TEXT_MAX		1024	/* of a remote's reply, as we keep it */
#define ORCPT_MAX		500	/* RFC 3461 4.2, decoded */
#define ENVID_MAX		100	/* RFC 3461 4.4 */
#define ACCOUNT_MAX		255	/* an authenticated user's name */
#define HELO_MAX		255

/* expanding aliases: what one recipient may lead to */
#define ALIAS_DEPTH_MAX		10	/* aliases behind each other */
#define ALIAS_TARGETS_MAX	RCPTS_MAX /* of one entry: its results */
#define ALIAS_VISITS_MAX	(10 * RCPTS_MAX) /* looked at, of one message:
					 * some 5 ms in which nothing else is
					 * done */
#define ALIAS_TEXT_MAX		200	/* of an "error:" entry; with address
					 * and code within 512 (4.5.3.1.5) */

/* of names and texts in the configuration and between processes */
#define NAME_MAX_LEN		64	/* a listener, table, service */
#define FILE_NAME_MAX		1024
#define TEXT_MAX		1024	/* an error, a reason */

/* of the configuration */
#define LISTENERS_MAX		64
#define BINDS_MAX		64	/* addresses of a listener */
#define NETBLOCKS_MAX		1024	/* trusted networks of a listener */
#define DOMAINS_MAX		10000	/* written out; more go into a table */
#define ROUTES_MAX		10000
#define DELIVERIES_MAX		1000
#define DELIVERY_UIDS_MAX	256
#define TABLES_MAX		256
#define ALIAS_TABLES_MAX	16	/* of one domain */
#define DELIMITERS_MAX		8	/* that begin an extension */
#define NAME_SERVERS_MAX	8
#define CERTIFICATES_MAX	256
#define LISTENER_CERTIFICATES_MAX 64
#define CHAIN_MAX		65536	/* of one certificate with its issuers,
					 * in PEM; servers send a few KiB */
#define CHAIN_CERTS_MAX		10	/* RFC 8446 4.4.2 wants few */
#define CREDENTIALS_MAX		256
#define SERVICES_MAX		256
#define CONF_MAX		(64 << 20)	/* encoded */

/* DNS: what an answer may hold (the rest is dropped) */
#define HOSTS_MAX		50	/* of one domain */
#define HOST_ADDRS_MAX		20	/* of one host */
#define TLSA_MAX		16
#define NAME_RECORDS_MAX	64
#define NAME_RECORD_MAX		4096	/* TXT: its strings together */

/* of processes */
#define WORKERS_MAX		16	/* of one role */
#define PROCESSES_MAX		64	/* children of master in all, but for
					 * postern-local */
#define MAILBOXES_MAX		64	/* postern-local processes at a time */

#endif
