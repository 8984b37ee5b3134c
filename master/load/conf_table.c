/*
 * The directives.  Everything that can be configured is a row here; the
 * manual postern.conf(5) has an entry for each.
 */
#include "conf_table.h"

#include <stddef.h>

#include "conf_build.h"
#include "conf_kinds.h"

#define AT(type, member)						\
	.offset = offsetof(type, member),				\
	.size = sizeof(((type *)NULL)->member)
#define CONF(member)		AT(struct build, conf.member)
#define LISTENER(member)	AT(struct listener_build, conf.member)
#define ROUTE(member)		AT(struct route_conf, member)

#define NUMBER(where, what, unit, least, most, otherwise, at)		\
	{ .context = IN_##where, .name = what, .kind = &kind_number,	\
	    .units = units_##unit, .min = least, .max = most,		\
	    .fallback = otherwise, at }
#define TEXT(where, what, how, most, otherwise, at)			\
	{ .context = IN_##where, .name = what, .kind = &kind_##how,	\
	    .max = most, .fallback = otherwise, at }
#define CHOICE(where, what, names, otherwise, at)			\
	{ .context = IN_##where, .name = what, .kind = &kind_word,	\
	    .words = names, .fallback = otherwise, at }
/* a default of its own, if only "", sets those of the block as well */
#define BLOCK(where, what, inside)					\
	{ .context = IN_##where, .name = what, .kind = &kind_block,	\
	    .block = IN_##inside, .fallback = "" }
#define LIST(where, what, how, how_often)				\
	{ .context = IN_##where, .name = what, .kind = &kind_##how,	\
	    .flags = how_often }

#define SECOND		1000
#define MINUTE		(60 * SECOND)
#define HOUR		(60 * MINUTE)
#define DAY_S		86400
#define KILO		(UINT64_C(1) << 10)
#define MEGA		(UINT64_C(1) << 20)
#define GIGA		(UINT64_C(1) << 30)

/* the slowest client or server that anybody should wait for */
#define TIMEOUT_MIN	100
#define TIMEOUT_MAX	(24 * HOUR)

static const char *const unverified[] = { "report", "hold", "discard",
    NULL };
static const char *const yes_no[] = { "no", "yes", NULL };
static const char *const newlines[] = { "reject", "normalize", NULL };
static const char *const tls_levels[] = { "none", "may", "encrypt", "verify",
    NULL };
static const char *const levels[] = { "error", "warn", "info", "debug",
    NULL };

const struct directive conf_directives[] = {
	{ .context = IN_TOP, .name = "include", .kind = &kind_include,
	    .flags = MANY },
	{ .context = IN_TOP, .name = "hostname", .kind = &kind_host,
	    .max = DOMAIN_MAX, CONF(hostname), .required = "the name that "
	    "this host has in the mail it sends cannot be guessed" },
	TEXT(TOP, "postmaster", mailbox, ADDRESS_MAX, NULL, CONF(postmaster)),
	NUMBER(TOP, "uid-base", count, 100, 2000000000, "5250",
	    CONF(uid_base)),
	TEXT(TOP, "run-directory", path, FILE_NAME_MAX, "/run/postern",
	    CONF(run_dir)),

	BLOCK(TOP, "control", CONTROL),
	/* its default lies in the run-directory */
	TEXT(CONTROL, "socket", path, FILE_NAME_MAX, NULL, CONF(control)),
	{ .context = IN_CONTROL, .name = "group", .kind = &kind_group,
	    CONF(control_gid) },

	BLOCK(TOP, "spool", SPOOL),
	TEXT(SPOOL, "directory", path, FILE_NAME_MAX, "/var/spool/postern",
	    CONF(spool)),
	/* whole blocks of the disk, which is what is written */
	{ .context = IN_SPOOL, .name = "segment-size", .kind = &kind_number,
	    .units = units_octets, .min = 64 * KILO, .max = GIGA,
	    .step = 4 * KILO, .fallback = "64m", CONF(segment_size) },
	NUMBER(SPOOL, "reserve", octets, 0, 1024 * GIGA, "256m",
	    CONF(spool_reserve)),

	BLOCK(TOP, "trace", TRACE),
	NUMBER(TRACE, "keep", s, 0, 3650 * DAY_S, "7d", CONF(trace_keep_s)),
	NUMBER(TRACE, "size", octets, MEGA, 1024 * GIGA, "1g",
	    CONF(trace_max)),

	BLOCK(TOP, "log", LOG),
	TEXT(LOG, "file", path, FILE_NAME_MAX, NULL, CONF(log_file)),
	CHOICE(LOG, "level", levels, "info", CONF(log_level)),

	BLOCK(TOP, "workers", WORKERS),
	NUMBER(WORKERS, "mx", count, 1, WORKERS_MAX, "1", CONF(mx_workers)),
	NUMBER(WORKERS, "submission", count, 1, WORKERS_MAX, "1",
	    CONF(msa_workers)),
	NUMBER(WORKERS, "out", count, 1, WORKERS_MAX, "1",
	    CONF(out_workers)),

	/* RFC 5321 6.3: at least 100 */
	NUMBER(TOP, "hop-limit", count, 1, HOPS_MAX, "100", CONF(hop_limit)),
	/* RFC 5321 4.5.4.1: 4-5 days; intervals of 30 minutes and more */
	{ .context = IN_TOP, .name = "retry", .kind = &kind_retry,
	    .block = IN_RETRY, .fallback = "",
	    AT(struct build, defaults) },
	NUMBER(RETRY, "min", s, 1, 30 * DAY_S, "5m", ROUTE(retry_min_s)),
	NUMBER(RETRY, "max", s, 1, 30 * DAY_S, "4h", ROUTE(retry_max_s)),
	NUMBER(RETRY, "expire", s, 1, 90 * DAY_S, "5d", ROUTE(expire_s)),
	NUMBER(TOP, "bounce-expire", s, 1, 90 * DAY_S, "5d",
	    CONF(bounce_expire_s)),
	NUMBER(TOP, "delay-warning", s, 0, 90 * DAY_S, "4h",
	    CONF(delay_warning_s)),
	NUMBER(TOP, "bounce-body", octets, 0, 16 * MEGA, "64k",
	    CONF(bounce_body_max)),
	CHOICE(TOP, "bounce-unverified", unverified, "hold",
	    CONF(unverified)),

	NUMBER(TOP, "smtp-port", count, 1, 65535, "25", CONF(smtp_port)),
	CHOICE(TOP, "allow-loopback", yes_no, "no", CONF(allow_loopback)),
	/* RFC 5321 4.5.3.2, where it names them */
	BLOCK(TOP, "timeouts", TIMEOUTS),
	NUMBER(TIMEOUTS, "connect", ms, TIMEOUT_MIN, TIMEOUT_MAX, "30s",
	    CONF(connect_timeout_ms)),
	NUMBER(TIMEOUTS, "handshake", ms, TIMEOUT_MIN, TIMEOUT_MAX, "1m",
	    CONF(handshake_timeout_ms)),
	NUMBER(TIMEOUTS, "greeting", ms, TIMEOUT_MIN, TIMEOUT_MAX, "5m",
	    CONF(greeting_timeout_ms)),
	NUMBER(TIMEOUTS, "helo", ms, TIMEOUT_MIN, TIMEOUT_MAX, "5m",
	    CONF(helo_timeout_ms)),
	NUMBER(TIMEOUTS, "mail", ms, TIMEOUT_MIN, TIMEOUT_MAX, "5m",
	    CONF(mail_timeout_ms)),
	NUMBER(TIMEOUTS, "rcpt", ms, TIMEOUT_MIN, TIMEOUT_MAX, "5m",
	    CONF(rcpt_timeout_ms)),
	NUMBER(TIMEOUTS, "data-start", ms, TIMEOUT_MIN, TIMEOUT_MAX, "2m",
	    CONF(data_start_timeout_ms)),
	NUMBER(TIMEOUTS, "data-block", ms, TIMEOUT_MIN, TIMEOUT_MAX, "3m",
	    CONF(data_block_timeout_ms)),
	NUMBER(TIMEOUTS, "data-end", ms, TIMEOUT_MIN, TIMEOUT_MAX, "10m",
	    CONF(data_end_timeout_ms)),
	NUMBER(TIMEOUTS, "quit", ms, TIMEOUT_MIN, TIMEOUT_MAX, "10s",
	    CONF(quit_timeout_ms)),
	BLOCK(TOP, "connection", CONNECTION),
	NUMBER(CONNECTION, "idle", ms, 0, HOUR, "5s",
	    CONF(connection_idle_ms)),
	NUMBER(CONNECTION, "messages", count, 0, 1000000, "100",
	    CONF(connection_messages)),

	TEXT(TOP, "ca-file", path, FILE_NAME_MAX,
	    "/etc/ssl/certs/ca-certificates.crt", CONF(ca_file)),
	BLOCK(TOP, "verify", VERIFY),
	NUMBER(VERIFY, "keep", s, 1, 90 * DAY_S, "1d", CONF(verify_keep_s)),
	NUMBER(VERIFY, "refused", s, 1, 90 * DAY_S, "1h",
	    CONF(verify_refused_s)),

	BLOCK(TOP, "dns", DNS),
	LIST(DNS, "server", server, MANY),
	NUMBER(DNS, "timeout", ms, TIMEOUT_MIN, 10 * MINUTE, "20s",
	    CONF(dns_timeout_ms)),
	NUMBER(DNS, "cache", count, 0, 10000000, "20000",
	    CONF(dns_cache_entries)),

	LIST(TOP, "delivery-users", users, 0),
	LIST(TOP, "table", table, MANY),

	LIST(TOP, "certificate", certificate, MANY),
	{ .context = IN_CERTIFICATE, .name = "chain", .kind = &kind_path,
	    AT(struct certificate_conf, chain_file), .required = "the file "
	    "with the certificate, and behind it those of its issuers" },
	{ .context = IN_CERTIFICATE, .name = "key", .kind = &kind_path,
	    AT(struct certificate_conf, key_file), .required = "the file "
	    "with the private key, which root alone may read" },
	LIST(TOP, "credentials", credentials, MANY),
	{ .context = IN_CREDENTIALS, .name = "file", .kind = &kind_path,
	    AT(struct credential_conf, file), .required = "the file with "
	    "user and password, which root alone may read" },

	/* these name what stands above, wherever it is written */
	LIST(TOP, "listen", listen, MANY | LATE),
	LIST(LISTEN, "address", bind, MANY),
	NUMBER(LISTEN, "port", count, 1, 65535, NULL,
	    AT(struct listener_build, port)),
	TEXT(LISTEN, "socket", path, FILE_NAME_MAX, NULL, LISTENER(socket)),
	LIST(LISTEN, "trust", netblocks, MANY),
	TEXT(LISTEN, "banner", text, NAME_MAX_LEN, "ESMTP postern",
	    LISTENER(banner)),
	/* RFC 5321 4.5.3.1.7: 64 KiB are taken by all */
	NUMBER(LISTEN, "message-size", octets, 64 * KILO, MESSAGE_SIZE_MAX,
	    "50m", LISTENER(message_size)),
	NUMBER(LISTEN, "recipients", count, RCPTS_MIN, RCPTS_MAX, "1000",
	    LISTENER(max_rcpts)),
	NUMBER(LISTEN, "sessions", count, 1, 10000, "1000",
	    LISTENER(max_sessions)),
	NUMBER(LISTEN, "sessions-per-client", count, 0, 10000, "50",
	    LISTENER(max_sessions_per_client)),
	NUMBER(LISTEN, "errors", count, 1, 10000, "20",
	    LISTENER(max_errors)),
	CHOICE(LISTEN, "strict-envelope", yes_no, "no",
	    LISTENER(strict_envelope)),
	CHOICE(LISTEN, "bare-newline", newlines, "reject",
	    LISTENER(bare_newline)),
	NUMBER(LISTEN, "command-timeout", ms, TIMEOUT_MIN, TIMEOUT_MAX, "5m",
	    LISTENER(command_timeout_ms)),
	NUMBER(LISTEN, "data-timeout", ms, TIMEOUT_MIN, TIMEOUT_MAX, "3m",
	    LISTENER(data_timeout_ms)),
	NUMBER(LISTEN, "session-timeout", ms, TIMEOUT_MIN, TIMEOUT_MAX, "2h",
	    LISTENER(session_timeout_ms)),
	LIST(LISTEN, "tls", tls, 0),
	/* for these two the default depends on what else is said */
	CHOICE(LISTEN, "require-tls", yes_no, NULL,
	    AT(struct listener_build, require_tls)),
	CHOICE(LISTEN, "client-certificates", yes_no, "no",
	    LISTENER(client_certificates)),
	NUMBER(LISTEN, "handshake-timeout", ms, TIMEOUT_MIN, TIMEOUT_MAX,
	    "30s", LISTENER(handshake_timeout_ms)),
	NUMBER(LISTEN, "handshakes", count, 0, 1000000, "600",
	    LISTENER(handshakes)),
	LIST(LISTEN, "auth", auth, 0),
	CHOICE(LISTEN, "auth-required", yes_no, NULL,
	    AT(struct listener_build, auth_required)),
	NUMBER(LISTEN, "auth-failures", count, 1, 100, "3",
	    LISTENER(auth_failures)),

	LIST(TOP, "domain", domain, MANY | LATE),
	{ .context = IN_DOMAIN, .name = "recipients",
	    .kind = &kind_recipients, .required = "say which exist (a table, "
	    "system or verify), or any; mail taken for those who do not is "
	    "sent back to forged senders (backscatter)" },
	LIST(DOMAIN, "aliases", aliases, MANY),
	/* its default depends on where the mail goes */
	LIST(DOMAIN, "delimiter", delimiter, 0),
	LIST(DOMAIN, "deliver", deliver, 0),
	LIST(DOMAIN, "relay", relay, 0),

	LIST(TOP, "route", route, MANY | LATE),
	LIST(ROUTE, "via", via, 0),
	/* its default depends on via */
	CHOICE(ROUTE, "tls", tls_levels, NULL, ROUTE(tls)),
	TEXT(ROUTE, "tls-name", host, DOMAIN_MAX, NULL, ROUTE(tls_name)),
	LIST(ROUTE, "credentials", credential, 0),
	NUMBER(ROUTE, "concurrency", count, 1, 1000, "20",
	    ROUTE(concurrency)),
	LIST(ROUTE, "rate", rate, 0),
	/* no default: what is left out comes from the other retry */
	{ .context = IN_ROUTE, .name = "retry", .kind = &kind_retry,
	    .block = IN_RETRY },
	{ .name = NULL }
};

_Static_assert(sizeof(conf_directives) / sizeof(conf_directives[0]) <=
    DIRECTIVES_MAX, "conf_build.c counts on this many");
