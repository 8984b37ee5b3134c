/*
 * The compiled configuration, as the load role makes it and every process
 * gets it: in sealed memory, without secrets (those are in files of their
 * own, which master hands to keyd).  Where each thing was written is kept
 * beside it, so that a decision can name its rule.  The directives that
 * fill it in, their ranges and defaults, are in master/load/conf_table.c.
 *
 * An index into one of its lists means nothing in another configuration:
 * where one travels, the number of its configuration goes with it.
 *
 * Times are milliseconds unless the name says otherwise.  A table is named
 * by its index in tables; TABLE_NONE is none.
 */
#ifndef CONF_H
#define CONF_H

#include "fields.h"
#include "bounds.h"
#include "roles.h"

#define TABLE_NONE	0xffff
#define DELIVERY_NONE	0xffff
#define SERVICE_NONE	0xffff
#define CREDENTIAL_NONE	0xffff

enum service { SERVICE_MX, SERVICE_SUBMISSION, SERVICE_SUBMISSIONS,
    SERVICE_LOCAL, SERVICE_N };

enum bare_newline { NEWLINE_REJECT, NEWLINE_NORMALIZE, BARE_NEWLINE_N };

/* where a domain's recipients are known */
enum recipients { RECIPIENTS_TABLE, RECIPIENTS_ANY, RECIPIENTS_VERIFY,
    RECIPIENTS_SYSTEM, RECIPIENTS_NONE, RECIPIENTS_N };

enum transport {
	TRANSPORT_SMTP,		/* to the mail hosts of a domain, or via */
	TRANSPORT_LMTP,		/* to a service, RFC 2033 */
	TRANSPORT_LOCAL,	/* by postern-local: a delivery rule */
	TRANSPORT_N
};

/*
 * How a client connection is protected, and how a server's listener is:
 * NONE: no STARTTLS; MAY: used where the other side has it; ENCRYPT: no mail
 * without it; VERIFY: and the certificate is good for the name.
 */
enum tls_level { TLS_LEVEL_NONE, TLS_LEVEL_MAY, TLS_LEVEL_ENCRYPT,
    TLS_LEVEL_VERIFY, TLS_LEVEL_N };

/* What becomes of mail that fails, if its sender is not known to be who it
 * says. */
enum unverified { UNVERIFIED_REPORT, UNVERIFIED_HOLD, UNVERIFIED_DISCARD,
    UNVERIFIED_N };

enum table_kind { TABLE_FILE, TABLE_SYSTEM, TABLE_KIND_N };

#define FIELDS_origin(F)						\
	F(STR,	file, FILE_NAME_MAX)					\
	F(U32,	line)							\

#define FIELDS_netblock_conf(F)						\
	F(ADDR,	addr)							\
	F(U8,	bits)

#define FIELDS_bind_conf(F)						\
	F(ADDR,	addr)			/* with its port */

/*
 * "certificate NAME { chain FILE; key FILE; }".  The key is in its file
 * alone, which master opens for keyd.  A self-signed one has no files: keyd
 * makes both, and CERTIFICATE tells it.
 */
#define FIELDS_certificate_conf(F)					\
	F(STRUCT, origin, origin)					\
	F(STR,	name, NAME_MAX_LEN)					\
	F(BOOL,	self_signed)						\
	F(STR,	chain_file, FILE_NAME_MAX)				\
	F(STR,	key_file, FILE_NAME_MAX)				\
	F(STR,	chain, CHAIN_MAX)	/* PEM, the host's own first */

#define FIELDS_certificate_ref(F)					\
	F(U16,	certificate)

#define FIELDS_listener_conf(F)						\
	F(STRUCT, origin, origin)					\
	F(STR,	name, NAME_MAX_LEN)	/* as in "listen mx" */		\
	F(ENUM,	service, service, SERVICE_N)				\
	F(LIST,	binds, bind_conf, BINDS_MAX)				\
	F(STR,	socket, FILE_NAME_MAX)	/* a UNIX socket; or empty */	\
	F(LIST,	trust, netblock_conf, NETBLOCKS_MAX)			\
	F(STR,	banner, NAME_MAX_LEN)	/* behind the name: "ESMTP postern" */ \
	F(U64,	message_size)		/* octets */			\
	F(U32,	max_rcpts)						\
	F(U32,	max_sessions)		/* of a worker */		\
	F(U32,	max_sessions_per_client) /* address or IPv6 /64; 0: no limit */ \
	F(U32,	max_errors)		/* then 421 and the end */	\
	F(BOOL,	strict_envelope)	/* no blank after FROM:, <> needed */ \
	F(ENUM,	bare_newline, bare_newline, BARE_NEWLINE_N)		\
	F(U32,	command_timeout_ms)	/* RFC 5321 4.5.3.2.7 */	\
	F(U32,	data_timeout_ms)	/* for each block of the data */ \
	F(U32,	session_timeout_ms)	/* all of it, whatever it does */ \
	/* none: no TLS here.  The first is for clients that name no host, or \
	 * one that no certificate is for (RFC 6066 3) */ \
	F(LIST,	certificates, certificate_ref, LISTENER_CERTIFICATES_MAX) \
	F(ENUM,	tls, tls_level, TLS_LEVEL_N) /* ENCRYPT: 530 to MAIL before */ \
	F(BOOL,	client_certificates)	/* asked for, and recorded */	\
	F(U32,	handshake_timeout_ms)					\
	F(U32,	handshakes)		/* of a client in a minute; 0: any */ \
	F(U16,	auth_table)		/* TABLE_NONE: no AUTH */	\
	F(BOOL,	auth_required)		/* 530 to MAIL before */	\
	F(U32,	auth_failures)		/* of a session, then 421 */

#define FIELDS_table_conf(F)						\
	F(STRUCT, origin, origin)					\
	F(STR,	name, NAME_MAX_LEN)					\
	F(ENUM,	kind, table_kind, TABLE_KIND_N)				\
	F(STR,	file, FILE_NAME_MAX)					\
	F(U32,	readers)		/* role_mask: who is handed it */

/* How a local mail is put into a mailbox: "deliver maildir PATH as USER". */
#define FIELDS_delivery_conf(F)						\
	F(STRUCT, origin, origin)					\
	F(STR,	path, FILE_NAME_MAX)	/* with %{user} %{domain} %{home} */ \
	F(BOOL,	as_recipient)		/* the slot of the system table */ \
	F(U32,	uid)			/* else these */		\
	F(U32,	gid)

#define FIELDS_table_ref(F)						\
	F(U16,	table)

#define FIELDS_domain_conf(F)						\
	F(STRUCT, origin, origin)					\
	F(STR,	name, DOMAIN_MAX)	/* in lower case; empty: a table's */ \
	F(U16,	table)			/* "domain table NAME" */	\
	F(ENUM,	recipients, recipients, RECIPIENTS_N)			\
	F(U16,	recipients_table)					\
	F(LIST,	aliases, table_ref, ALIAS_TABLES_MAX) /* in their order */ \
	F(STR,	delimiter, DELIMITERS_MAX) /* each octet begins an extension */ \
	F(ENUM,	transport, transport, TRANSPORT_N) /* SMTP: "relay" */	\
	F(U16,	delivery)		/* TRANSPORT_LOCAL: the rule */	\
	F(U16,	service)		/* TRANSPORT_LMTP: where it listens */

/*
 * A server that the postmaster has named.  To a socket or an address,
 * deliverd -r connect connects, by the service's index alone; a host's
 * addresses deliverd asks resolverd for, and connects by itself.
 */
#define FIELDS_service_conf(F)						\
	F(STRUCT, origin, origin)					\
	F(STR,	name, DOMAIN_MAX)	/* as written: unix:PATH, HOST:PORT */ \
	F(STR,	socket, DOMAIN_MAX)	/* PATH of a UNIX socket; or empty */ \
	F(ADDR,	addr)			/* with its port; else family 0 */ \
	F(STR,	host, DOMAIN_MAX)	/* or empty */			\
	F(U16,	port)			/* of host */

/* "credentials NAME { file FILE; }"; what is in it only keyd cred knows. */
#define FIELDS_credential_conf(F)					\
	F(STRUCT, origin, origin)					\
	F(STR,	name, NAME_MAX_LEN)					\
	F(STR,	file, FILE_NAME_MAX)

/* "route PATTERN { ... }": the most specific that fits is taken. */
#define FIELDS_route_conf(F)						\
	F(STRUCT, origin, origin)					\
	F(STR,	pattern, DOMAIN_MAX)	/* *, a domain, or .domain */	\
	F(STR,	via_host, DOMAIN_MAX)	/* empty: the domain's mail hosts */ \
	F(U16,	via_port)						\
	F(BOOL,	via_tls)		/* smtps://: TLS from the first octet */ \
	F(ENUM,	tls, tls_level, TLS_LEVEL_N)				\
	F(STR,	tls_name, DOMAIN_MAX)	/* VERIFY: instead of the host's */ \
	F(U16,	credential)		/* CREDENTIAL_NONE: no AUTH */	\
	F(U32,	concurrency)		/* connections to one host */	\
	F(U32,	rate_messages)		/* at most so many ...; 0: any */ \
	F(U32,	rate_ms)		/* ... in that time; not 0 */	\
	F(U32,	retry_min_s)						\
	F(U32,	retry_max_s)						\
	F(U32,	expire_s)

#define FIELDS_name_server_conf(F)					\
	F(ADDR,	addr)							\
	F(BOOL,	trusted)		/* its AD bit is believed */

/* A user below DELIVERY_UID_MIN into whose mailboxes delivery may write. */
#define DELIVERY_UID_MIN	1000
#define FIELDS_delivery_uid(F)						\
	F(U32,	uid)

#define FIELDS_conf(F)							\
	F(U32,	number)			/* rises with each that is read */ \
	F(STR,	hostname, DOMAIN_MAX)					\
	F(STR,	postmaster, ADDRESS_MAX)				\
	F(U32,	uid_base)		/* role r runs as uid_base + r */ \
	F(STR,	run_dir, FILE_NAME_MAX)	/* sockets and the empty root */ \
	F(STR,	control, FILE_NAME_MAX)	/* posternctl's socket */	\
	F(U32,	control_gid)		/* may look; 0: root alone */	\
	F(STR,	spool, FILE_NAME_MAX)					\
	F(U64,	segment_size)						\
	F(U64,	spool_reserve)		/* octets that stay free: else 452 */ \
	F(U32,	trace_keep_s)		/* 0: nothing is traced */	\
	F(U64,	trace_max)		/* octets of all trace files */	\
	F(STR,	log_file, FILE_NAME_MAX) /* empty: standard error */	\
	F(U8,	log_level)						\
	F(U16,	mx_workers)						\
	F(U16,	msa_workers)						\
	F(U16,	out_workers)						\
	F(U32,	hop_limit)		/* Received fields, RFC 5321 6.3 */ \
	F(U32,	bounce_expire_s)					\
	F(U32,	delay_warning_s)	/* 0: none */			\
	F(U32,	bounce_body_max)	/* octets of the content returned */ \
	F(ENUM,	unverified, unverified, UNVERIFIED_N) /* who gets reports */ \
	F(U16,	smtp_port)		/* of mail hosts; 25 */		\
	F(U32,	connect_timeout_ms)	/* SMTP client, RFC 5321 4.5.3.2 */ \
	F(U32,	greeting_timeout_ms)					\
	F(U32,	helo_timeout_ms)					\
	F(U32,	mail_timeout_ms)					\
	F(U32,	rcpt_timeout_ms)					\
	F(U32,	data_start_timeout_ms)					\
	F(U32,	data_block_timeout_ms)					\
	F(U32,	data_end_timeout_ms)					\
	F(U32,	quit_timeout_ms)					\
	F(U32,	connection_idle_ms)	/* kept open for reuse */	\
	F(U32,	connection_messages)	/* then a new one; 0: no limit */ \
	F(BOOL,	allow_loopback)		/* mail hosts may be on 127/8, ::1 */ \
	F(STR,	ca_file, FILE_NAME_MAX)	/* trusted issuers, PEM */	\
	F(U32,	handshake_timeout_ms)	/* of TLS, as a client */	\
	F(U32,	verify_keep_s)		/* "recipients verify": a yes */ \
	F(U32,	verify_refused_s)	/* the same, a no */		\
	F(U32,	dns_timeout_ms)		/* of one question, all tries */ \
	F(U32,	dns_cache_entries)					\
	F(LIST,	name_servers, name_server_conf, NAME_SERVERS_MAX)	\
	F(LIST,	listeners, listener_conf, LISTENERS_MAX)		\
	F(LIST,	certificates, certificate_conf, CERTIFICATES_MAX)	\
	F(LIST,	credentials, credential_conf, CREDENTIALS_MAX)		\
	F(LIST,	services, service_conf, SERVICES_MAX)			\
	F(LIST,	tables, table_conf, TABLES_MAX)				\
	F(LIST,	deliveries, delivery_conf, DELIVERIES_MAX)		\
	F(LIST,	delivery_uids, delivery_uid, DELIVERY_UIDS_MAX)		\
	F(LIST,	domains, domain_conf, DOMAINS_MAX)			\
	F(LIST,	routes, route_conf, ROUTES_MAX)

FIELDS_DECLARE(origin)
FIELDS_DECLARE(netblock_conf)
FIELDS_DECLARE(bind_conf)
FIELDS_DECLARE(certificate_conf)
FIELDS_DECLARE(certificate_ref)
FIELDS_DECLARE(listener_conf)
FIELDS_DECLARE(table_conf)
FIELDS_DECLARE(delivery_conf)
FIELDS_DECLARE(table_ref)
FIELDS_DECLARE(domain_conf)
FIELDS_DECLARE(service_conf)
FIELDS_DECLARE(credential_conf)
FIELDS_DECLARE(route_conf)
FIELDS_DECLARE(name_server_conf)
FIELDS_DECLARE(delivery_uid)
FIELDS_DECLARE(conf)

/* Where mail hosts listen, whatever the configuration says of ports. */
#define CONF_MAIL_PORTS	4
extern const uint16_t	 conf_mail_ports[CONF_MAIL_PORTS];

/* A configuration and the memory that its strings and lists are in. */
struct conf_memory {
	struct conf	 conf;
	struct arena	 arena;
	void		*map;		/* of the sealed file, read-only */
	size_t		 map_len;
};

/* Encodes into a new sealed memory file; the caller owns it; -1: errno. */
int		 conf_seal(const struct conf *);
/*
 * Maps and decodes the sealed file fd (borrowed).  NULL when it is not
 * sealed, not whole or malformed.  Freed by conf_free, which takes NULL.
 */
struct conf_memory *conf_open(int fd);
void		 conf_free(struct conf_memory *);

#endif
