/*
 * The protocol between postern's processes: every message, who may send it
 * to whom, and when.  From this one table come the message numbers and
 * names, the gate's rules (peer.c), the handler tables and the mesh: master
 * makes a socket pair exactly for those pairs of roles that have a row.
 *
 * A row is either
 *
 *	TELL		said, not answered
 *	ASKS(ANSWER)	answered by exactly one ANSWER with the same id; at
 *			most credit of them may be open on a channel
 *	ANSWER		an answer; refused where nobody asked
 *
 * fd: NO_FD, or what passes with the message: SEALED_FD (memory that nobody
 * can change any more), READ_FD (a regular file open for reading only, or
 * sealed memory), MAY_READ_FD (the same, or none),
 * WRITE_FD (a regular file open for writing), MAY_WRITE_FD, SOCKET_FD (a
 * stream socket), MAY_SOCKET_FD, SINK_FD (anything to write log lines to).
 * phases: of the *sender's* life in which it may say so: START (until its
 * READY), RUN, DRAIN (after it was told to drain or stop).
 */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "conf.h"
#include "envelope.h"
#include "fields.h"
#include "bounds.h"
#include "nexthop.h"
#include "roles.h"
#include "trace_event.h"

enum phase { START = 1, RUN = 2, DRAIN = 4, ANY_PHASE = 7 };

#define ANYBODY		((1u << ROLE_N) - 1)

/*    name            sender               receiver             fd           phases     kind                    credit payload */
#define MESSAGES(M) \
    /* the first frame of every channel, both ways; mixed builds part here */ \
    M(HELLO,          ANYBODY,             ANYBODY,             NO_FD,       ANY_PHASE, TELL,                   0,     hello) \
    M(LEAVING,        DAEMON_ANY,          DAEMON_ANY,          NO_FD,       RUN|DRAIN, TELL,                   0,     nothing) \
    \
    /* a child's start, in this order; master's answer to nothing, so TELL */ \
    M(CONFINE,        MASTER,              CHILD_ANY,           NO_FD,       ANY_PHASE, TELL,                   0,     confine) \
    M(CONF,           MASTER,              DAEMON_ANY,          SEALED_FD,   ANY_PHASE, TELL,                   0,     nothing) \
    M(TABLE,          MASTER,              QUEUED|KEYD_AUTH,    SEALED_FD,   ANY_PHASE, TELL,                   0,     table) \
    M(SECRET,         MASTER,              KEYD_SIGN|KEYD_CRED, READ_FD,     ANY_PHASE, TELL,                   0,     secret) \
    M(CA_BUNDLE,      MASTER,              DELIVERD_OUT,        READ_FD,     ANY_PHASE, TELL,                   0,     nothing) \
    M(LISTENER,       MASTER,              SMTPD_ANY|QUEUED,    SOCKET_FD,   ANY_PHASE, TELL,                   0,     listener) \
    M(PEER,           MASTER,              CHILD_ANY,           SOCKET_FD,   ANY_PHASE, TELL,                   0,     peer_is) \
    M(CONF_CHECK,     MASTER,              DAEMON_ANY,          NO_FD,       ANY_PHASE, ASKS(CONF_CHECKED),     1,     nothing) \
    M(CONF_CHECKED,   DAEMON_ANY,          MASTER,              NO_FD,       ANY_PHASE, ANSWER,                 0,     conf_checked) \
    M(CONF_COMMIT,    MASTER,              DAEMON_ANY,          NO_FD,       ANY_PHASE, ASKS(CONF_COMMITTED),   1,     nothing) \
    M(CONF_COMMITTED, DAEMON_ANY,          MASTER,              NO_FD,       ANY_PHASE, ANSWER,                 0,     nothing) \
    M(CONF_DROP,      MASTER,              DAEMON_ANY,          NO_FD,       ANY_PHASE, TELL,                   0,     nothing) \
    M(READY,          CHILD_ANY,           MASTER,              NO_FD,       START,     TELL,                   0,     ready) \
    \
    /* its life; who retires tells its peers that it takes nothing new */ \
    M(PING,           MASTER,              CHILD_ANY,           NO_FD,       ANY_PHASE, ASKS(PONG),             1,     nothing) \
    M(PONG,           CHILD_ANY,           MASTER,              NO_FD,       ANY_PHASE, ANSWER,                 0,     nothing) \
    M(STOP,           MASTER,              CHILD_ANY,           NO_FD,       ANY_PHASE, TELL,                   0,     nothing) \
    M(RETIRE,         MASTER,              DAEMON_ANY,          NO_FD,       ANY_PHASE, TELL,                   0,     nothing) \
    M(PEER_FAULT,     CHILD_ANY,           MASTER,              NO_FD,       ANY_PHASE, TELL,                   0,     peer_fault) \
    M(PEER_LOST,      CHILD_ANY,           MASTER,              NO_FD,       ANY_PHASE, TELL,                   0,     peer_is) \
    \
    /* logging; dropped when the channel is full; to master until LOG is up */ \
    M(LOG_SINK,       MASTER,              LOG,                 SINK_FD,     ANY_PHASE, TELL,                   0,     nothing) \
    M(LOG_LINE,       MASTER|CHILD_ANY,    LOG|MASTER,          NO_FD,       ANY_PHASE, TELL,                   0,     log_line) \
    \
    /* compiling the configuration: load asks for files, gives sealed memory */ \
    M(LOAD_START,     MASTER,              LOAD,                MAY_READ_FD, ANY_PHASE, TELL,                   0,     load_start) \
    M(LOAD_OPEN,      LOAD,                MASTER,              NO_FD,       ANY_PHASE, ASKS(LOAD_OPENED),      1,     load_open) \
    M(LOAD_OPENED,    MASTER,              LOAD,                MAY_READ_FD, ANY_PHASE, ANSWER,                 0,     load_opened) \
    M(LOAD_ERROR,     LOAD,                MASTER,              NO_FD,       ANY_PHASE, TELL,                   0,     load_error) \
    M(LOAD_TEXT,      LOAD,                MASTER,              NO_FD,       ANY_PHASE, TELL,                   0,     load_text) \
    M(LOAD_CONF,      LOAD,                MASTER,              SEALED_FD,   ANY_PHASE, TELL,                   0,     nothing) \
    M(LOAD_TABLE,     LOAD,                MASTER,              SEALED_FD,   ANY_PHASE, TELL,                   0,     table) \
    M(LOAD_END,       LOAD,                MASTER,              NO_FD,       ANY_PHASE, TELL,                   0,     load_end) \
    \
    /* a trusted client on port 25 changes hands before the banner */ \
    M(CLIENT,         SMTPD_MX,            SMTPD_MSA,           SOCKET_FD,   RUN,       TELL,                   0,     client) \
    \
    /* taking a mail in: smtpd asks, queued owns the spool */ \
    M(RCPT_CHECK,     SMTPD_ANY,           QUEUED,              NO_FD,       RUN,       ASKS(RCPT_CHECKED),     16384, rcpt_check) \
    M(RCPT_CHECKED,   QUEUED,              SMTPD_ANY,           NO_FD,       RUN|DRAIN, ANSWER,                 0,     rcpt_checked) \
    M(LARGE_OPEN,     SMTPD_ANY,           QUEUED,              NO_FD,       RUN,       ASKS(LARGE_OPENED),     4096,  nothing) \
    M(LARGE_OPENED,   QUEUED,              SMTPD_ANY,           MAY_WRITE_FD, RUN|DRAIN, ANSWER,                0,     large_opened) \
    M(LARGE_DROP,     SMTPD_ANY,           QUEUED,              NO_FD,       RUN|DRAIN, TELL,                   0,     large_drop) \
    M(MAIL_SUBMIT,    SMTPD_ANY,           QUEUED,              NO_FD,       RUN|DRAIN, ASKS(MAIL_STORED),      16384, mail_submit) \
    M(MAIL_STORED,    QUEUED,              SMTPD_ANY,           NO_FD,       RUN|DRAIN, ANSWER,                 0,     mail_stored) \
    M(MAIL_ASK,       SMTPD_ANY,           QUEUED,              NO_FD,       RUN|DRAIN, ASKS(MAIL_KNOWN),       16384, mail_ask) \
    M(MAIL_KNOWN,     QUEUED,              SMTPD_ANY,           NO_FD,       RUN|DRAIN, ANSWER,                 0,     mail_known) \
    \
    /* carrying it on: queued decides what and when, deliverd where and how */ \
    M(JOB_RESUME,     DELIVERD_ANY,        QUEUED,              NO_FD,       RUN|DRAIN, TELL,                   0,     job_resume) \
    M(JOB_RESUMED,    DELIVERD_ANY,        QUEUED,              NO_FD,       RUN|DRAIN, TELL,                   0,     nothing) \
    M(ROUTE_WAKE,     QUEUED,              DELIVERD_ANY,        NO_FD,       RUN,       TELL,                   0,     route_wake) \
    M(ROUTE_WINDOW,   DELIVERD_ANY,        QUEUED,              NO_FD,       RUN,       TELL,                   0,     route_window) \
    M(ROUTE_DOWN,     DELIVERD_ANY,        QUEUED,              NO_FD,       RUN|DRAIN, TELL,                   0,     route_down) \
    M(JOB,            QUEUED,              DELIVERD_ANY,        MAY_READ_FD, RUN,       TELL,                   0,     job) \
    M(JOB_RESULT,     DELIVERD_ANY,        QUEUED,              NO_FD,       RUN|DRAIN, TELL,                   0,     job_result) \
    M(JOB_KEPT,       QUEUED,              DELIVERD_ANY,        NO_FD,       RUN|DRAIN, TELL,                   0,     job_kept) \
    \
    /* "recipients verify": would its next hop take this one? (RFC 5321 3.5.2 \
     * leaves no better way to ask) */ \
    M(VERIFY_ASK,     QUEUED,              DELIVERD_OUT,        NO_FD,       RUN,       ASKS(VERIFIED),         1024,  verify_ask) \
    M(VERIFIED,       DELIVERD_OUT,        QUEUED,              NO_FD,       RUN|DRAIN, ANSWER,                 0,     verified) \
    \
    /* into mailboxes: local asks by rule and slot, master picks uid and path */ \
    M(MAILBOX_OPEN,   DELIVERD_LOCAL,      MASTER,              NO_FD,       RUN,       ASKS(MAILBOX_OPENED),   64,    mailbox_open) \
    M(MAILBOX_OPENED, MASTER,              DELIVERD_LOCAL,      MAY_SOCKET_FD, ANY_PHASE, ANSWER,               0,     mailbox_opened) \
    M(MAILBOX_RULE,   MASTER,              MAILBOX,             NO_FD,       ANY_PHASE, TELL,                   0,     mailbox_rule) \
    M(MAILBOX_PUT,    DELIVERD_LOCAL,      MAILBOX,             MAY_READ_FD, RUN|DRAIN, ASKS(MAILBOX_DONE),     16,    mailbox_put) \
    M(MAILBOX_DONE,   MAILBOX,             DELIVERD_LOCAL,      NO_FD,       ANY_PHASE, ANSWER,                 0,     mailbox_done) \
    \
    /* names */ \
    M(HOSTS_ASK,      DELIVERD_OUT,        RESOLVERD,           NO_FD,       RUN|DRAIN, ASKS(HOSTS),            4096,  hosts_ask) \
    M(HOSTS,          RESOLVERD,           DELIVERD_OUT,        NO_FD,       RUN|DRAIN, ANSWER,                 0,     hosts) \
    M(NAME_ASK,       SMTPD_ANY,           RESOLVERD,           NO_FD,       RUN|DRAIN, ASKS(NAME),             16384, name_ask) \
    M(NAME,           RESOLVERD,           SMTPD_ANY,           NO_FD,       RUN|DRAIN, ANSWER,                 0,     name) \
    \
    /* secrets: keyd uses them, nobody gets them */ \
    M(TLS_SIGN,       SMTPD_ANY,           KEYD_SIGN,           NO_FD,       RUN|DRAIN, ASKS(TLS_SIGNED),       4096,  tls_sign) \
    M(TLS_SIGNED,     KEYD_SIGN,           SMTPD_ANY,           NO_FD,       RUN|DRAIN, ANSWER,                 0,     tls_signed) \
    M(CERTIFICATE_ASK, SMTPD_ANY,          KEYD_SIGN,           NO_FD,       RUN|DRAIN, ASKS(CERTIFICATE),      256,   certificate_ask) \
    M(CERTIFICATE,    KEYD_SIGN,           SMTPD_ANY,           NO_FD,       RUN|DRAIN, ANSWER,                 0,     certificate) \
    M(TICKET_KEY_ASK, SMTPD_ANY,           KEYD_SIGN,           NO_FD,       RUN|DRAIN, ASKS(TICKET_KEY),       4,     nothing) \
    M(TICKET_KEY,     KEYD_SIGN,           SMTPD_ANY,           NO_FD,       RUN|DRAIN, ANSWER,                 0,     ticket_key) \
    M(AUTH_CHECK,     SMTPD_MSA,           KEYD_AUTH,           NO_FD,       RUN|DRAIN, ASKS(AUTH_CHECKED),     64,    auth_check) \
    M(AUTH_CHECKED,   KEYD_AUTH,           SMTPD_MSA,           NO_FD,       RUN|DRAIN, ANSWER,                 0,     auth_checked) \
    M(CRED_ASK,       DELIVERD_OUT,        KEYD_CRED,           NO_FD,       RUN|DRAIN, ASKS(CRED),             64,    cred_ask) \
    M(CRED,           KEYD_CRED,           DELIVERD_OUT,        NO_FD,       RUN|DRAIN, ANSWER,                 0,     cred) \
    \
    /* wrong passwords, counted for all workers; posternctl asks by queued */ \
    M(GUESS_TAKE,     SMTPD_MSA,           STATE,               NO_FD,       RUN|DRAIN, ASKS(GUESS_TAKEN),      1024,  guess) \
    M(GUESS_TAKEN,    STATE,               SMTPD_MSA,           NO_FD,       RUN|DRAIN, ANSWER,                 0,     guess_taken) \
    M(GUESS_END,      SMTPD_MSA,           STATE,               NO_FD,       RUN|DRAIN, TELL,                   0,     guess_end) \
    M(GUESSES_LOOK,   QUEUED,              STATE,               NO_FD,       RUN|DRAIN, ASKS(GUESSES_SEEN),     64,    guesses_ask) \
    M(GUESSES_SEEN,   STATE,               QUEUED,              NO_FD,       RUN|DRAIN, ANSWER,                 0,     guesses) \
    \
    /* sockets of services, policies */ \
    M(SERVICE_OPEN,   DELIVERD_OUT,        DELIVERD_CONNECT,    NO_FD,       RUN|DRAIN, ASKS(SERVICE_OPENED),   256,   service_open) \
    M(SERVICE_OPENED, DELIVERD_CONNECT,    DELIVERD_OUT,        MAY_SOCKET_FD, RUN|DRAIN, ANSWER,               0,     service_opened) \
    M(STS_ASK,        DELIVERD_OUT,        DELIVERD_STS,        NO_FD,       RUN|DRAIN, ASKS(STS),              256,   sts_ask) \
    M(STS,            DELIVERD_STS,        DELIVERD_OUT,        NO_FD,       RUN|DRAIN, ANSWER,                 0,     sts) \
    \
    /* control: posternctl talks to queued alone, queued asks master */ \
    M(QUEUE_LIST,     CTL,                 QUEUED,              NO_FD,       ANY_PHASE, ASKS(QUEUE_ROWS),       4,     queue_list) \
    M(QUEUE_ROWS,     QUEUED,              CTL,                 NO_FD,       RUN|DRAIN, ANSWER,                 0,     queue_rows) \
    M(MAIL_SHOW,      CTL,                 QUEUED,              NO_FD,       ANY_PHASE, ASKS(MAIL_SHOWN),       1,     mail_show) \
    M(MAIL_SHOWN,     QUEUED,              CTL,                 NO_FD,       RUN|DRAIN, ANSWER,                 0,     mail_shown) \
    M(QUEUE_CHANGE,   CTL,                 QUEUED,              NO_FD,       ANY_PHASE, ASKS(QUEUE_CHANGED),    1,     queue_change) \
    M(QUEUE_CHANGED,  QUEUED,              CTL,                 NO_FD,       RUN|DRAIN, ANSWER,                 0,     queue_changed) \
    M(QUEUE_COUNT,    CTL,                 QUEUED,              NO_FD,       ANY_PHASE, ASKS(QUEUE_COUNTED),    1,     queue_count) \
    M(QUEUE_COUNTED,  QUEUED,              CTL,                 NO_FD,       RUN|DRAIN, ANSWER,                 0,     queue_counted) \
    M(MAIL_READ,      CTL,                 QUEUED,              NO_FD,       ANY_PHASE, ASKS(MAIL_CONTENT),     1,     mail_show) \
    M(MAIL_CONTENT,   QUEUED,              CTL,                 MAY_READ_FD, RUN|DRAIN, ANSWER,                 0,     mail_content) \
    M(PAUSE,          CTL,                 QUEUED,              NO_FD,       ANY_PHASE, ASKS(PAUSED),           1,     pause) \
    M(PAUSED,         QUEUED,              CTL,                 NO_FD,       RUN|DRAIN, ANSWER,                 0,     paused) \
    M(ROUTES_ASK,     CTL,                 QUEUED,              NO_FD,       ANY_PHASE, ASKS(ROUTES),           1,     routes_ask) \
    M(ROUTES,         QUEUED,              CTL,                 NO_FD,       RUN|DRAIN, ANSWER,                 0,     routes) \
    M(TRACE_ASK,      CTL,                 QUEUED,              NO_FD,       ANY_PHASE, ASKS(TRACE),            1,     trace_ask) \
    M(TRACE,          QUEUED,              CTL,                 NO_FD,       RUN|DRAIN, ANSWER,                 0,     trace) \
    M(STATUS_ASK,     CTL,                 QUEUED,              NO_FD,       ANY_PHASE, ASKS(STATUS),           1,     nothing) \
    M(STATUS,         QUEUED,              CTL,                 NO_FD,       RUN|DRAIN, ANSWER,                 0,     status) \
    M(PROCESSES_ASK,  QUEUED,              MASTER,              NO_FD,       RUN|DRAIN, ASKS(PROCESSES),        16,    nothing) \
    M(PROCESSES,      MASTER,              QUEUED,              NO_FD,       ANY_PHASE, ANSWER,                 0,     status) \
    M(GUESSES_ASK,    CTL,                 QUEUED,              NO_FD,       ANY_PHASE, ASKS(GUESSES),          1,     guesses_ask) \
    M(GUESSES,        QUEUED,              CTL,                 NO_FD,       RUN|DRAIN, ANSWER,                 0,     guesses) \
    M(RELOAD,         CTL,                 QUEUED,              NO_FD,       ANY_PHASE, ASKS(RELOADED),         1,     reload) \
    M(RELOADED,       QUEUED,              CTL,                 NO_FD,       RUN|DRAIN, ANSWER,                 0,     reloaded) \
    M(CONF_RELOAD,    QUEUED,              MASTER,              NO_FD,       RUN|DRAIN, ASKS(CONF_RELOADED),    16,    reload) \
    M(CONF_RELOADED,  MASTER,              QUEUED,              NO_FD,       ANY_PHASE, ANSWER,                 0,     reloaded)

#define MESSAGE_NUMBER(name, ...)	MSG_##name,
enum message { MESSAGES(MESSAGE_NUMBER) MSG_N };

const char	*message_name(unsigned type);	/* "MAIL_SUBMIT"; "?" */

/* ---- payloads ---------------------------------------------------------- */

/*
 * PING, PONG, STOP and others say all by being sent.  LEAVING, like HELLO,
 * goes where there is a channel and makes none: its sender ends when what
 * it has in hand is done, and wants to be given nothing more.
 */
#define FIELDS_nothing(F)

/*
 * Structure for HELLO.  table is messages_hash() of the sender's build; the
 * channel closes where it differs.
 */
#define FIELDS_hello(F)							\
	F(ENUM,	role, role, ROLE_N)					\
	F(U16,	index)			/* of the workers of a role */	\
	F(U32,	generation)		/* rises with each start */	\
	F(U64,	table)

#define PORTS_MAX	64

#define FIELDS_port(F)							\
	F(U16,	port)

/*
 * Structure for CONFINE: what the role's jail (confine.c) leaves open.  The
 * child enters it at once, before it parses anything else.
 */
#define FIELDS_confine(F)						\
	F(U16,	index)			/* of this worker */		\
	F(U32,	generation)		/* of this start */		\
	F(U32,	uid)							\
	F(U32,	gid)							\
	F(STR,	root, FILE_NAME_MAX)	/* chroot there */		\
	F(U32,	files)			/* RLIMIT_NOFILE */		\
	F(U64,	memory)			/* RLIMIT_AS, octets; 0: none */ \
	F(U64,	file_size)		/* RLIMIT_FSIZE, octets */	\
	F(LIST,	ports, port, PORTS_MAX)	/* may connect to, by Landlock */

/* Structure for TABLE and LOAD_TABLE: with a constant database in memory. */
#define FIELDS_table(F)							\
	F(U16,	table)			/* its index in the configuration */

/*
 * Structure for SECRET: the file with the private key of that certificate
 * (to sign), or with that credential (to cred), of the configuration under
 * way.
 */
#define FIELDS_secret(F)						\
	F(U16,	index)

/* Structure for LISTENER.  CONTROL_LISTENER is posternctl's, for queued. */
#define CONTROL_LISTENER	0xffff
#define FIELDS_listener(F)						\
	F(U16,	listener)

/*
 * Structure for PEER: at the other end of this socket is ...  And for
 * PEER_LOST: that socket is closed.  If both its ends live on, which nobody
 * meant to happen, master connects them again.
 */
#define FIELDS_peer_is(F)						\
	F(ENUM,	role, role, ROLE_N)					\
	F(U16,	index)							\
	F(U32,	generation)						\
	F(U32,	pair)			/* of sockets; 0: not one of the mesh */

/*
 * Structure for CONF_CHECKED: the answer to CONF, TABLEs and CONF_CHECK.
 * Nothing of it is in force before CONF_COMMIT.
 */
#define FIELDS_conf_checked(F)						\
	F(BOOL,	ok)							\
	F(STR,	why, TEXT_MAX)

/* Structure for READY: the jail as the child finds itself in it. */
#define FIELDS_jail(F)							\
	F(U32,	uid)							\
	F(STR,	root, FILE_NAME_MAX)	/* "/" when it has none of its own */ \
	F(BOOL,	netns)			/* one of its own */		\
	F(BOOL,	filter)			/* system calls are filtered */	\
	F(U8,	landlock)		/* the ABI used; 0: none */

#define FIELDS_ready(F)							\
	F(STRUCT, jail, jail)

/*
 * Structure for PEER_FAULT: the peer sent what the gate refused.  Master
 * restarts it, if that generation is still the living one.
 */
#define FIELDS_peer_fault(F)						\
	F(ENUM,	role, role, ROLE_N)					\
	F(U16,	index)							\
	F(U32,	generation)						\
	F(STR,	what, TEXT_MAX)

#define LOG_TEXT_LINE_MAX	2048	/* as LOG_LINE_MAX */
#define FIELDS_log_line(F)						\
	F(U8,	level)							\
	F(U64,	time_ms)		/* wall clock */		\
	F(U32,	dropped)		/* lines lost before this one */ \
	F(STR,	text, LOG_TEXT_LINE_MAX)

/*
 * Structure for LOAD_START: compile the file passed with it (none: the text
 * of "conf", as for the configuration that is built in), called name in
 * errors.
 */
enum load_mode { LOAD_RUN, LOAD_PRINT, LOAD_MODE_N };
#define BUILTIN_MAX	16384
#define FIELDS_load_start(F)						\
	F(ENUM,	mode, load_mode, LOAD_MODE_N)				\
	F(U32,	number)			/* of the configuration, conf.h */ \
	F(STR,	name, FILE_NAME_MAX)					\
	F(STR,	conf, BUILTIN_MAX)

/* Structure for LOAD_OPEN: an include, a table's source, /etc/passwd ... */
#define FIELDS_load_open(F)						\
	F(STR,	name, FILE_NAME_MAX)

/* Structure for LOAD_OPENED: the file, or why not (an errno). */
#define FIELDS_load_opened(F)						\
	F(U32,	error)

/* Structure for LOAD_ERROR: "file:line: what is wrong", without newline. */
#define FIELDS_load_error(F)						\
	F(BOOL,	warning)						\
	F(STR,	text, TEXT_MAX)

/* Structure for LOAD_TEXT: a piece of the printed configuration. */
#define LOAD_TEXT_MAX	32768
#define FIELDS_load_text(F)						\
	F(STR,	text, LOAD_TEXT_MAX)

#define FIELDS_load_end(F)						\
	F(BOOL,	ok)

/*
 * Structure for CLIENT: a connection accepted on that listener from an
 * address it trusts.  The receiver asks the kernel who is there.
 */
#define FIELDS_client(F)						\
	F(U16,	listener)

/*
 * Structure for RCPT_CHECK: may mail from sender to these come in by this
 * role?  Answered by RCPT_CHECKED, one verdict each, in the same order.
 * What kind of client it is, queued knows by the channel alone.  listener is
 * an index in the configuration of that number, as everywhere.
 */
#define FIELDS_rcpt_item(F)						\
	F(STR,	address, ADDRESS_MAX)

#define FIELDS_rcpt_check(F)						\
	F(U32,	conf)							\
	F(U16,	listener)						\
	F(ADDR,	client)							\
	F(STR,	account, ACCOUNT_MAX)	/* authenticated; or empty */	\
	F(STR,	sender, ADDRESS_MAX)					\
	F(LIST,	rcpts, rcpt_item, RCPT_BATCH_MAX)

enum rcpt_verdict {
	RCPT_OK,		/* 250 2.1.5 */
	RCPT_UNKNOWN,		/* 550 5.1.1: no such mailbox */
	RCPT_NO_RELAY,		/* 554 5.7.1: not our domain, not our client */
	RCPT_DENIED,		/* 550 5.7.1: as the postmaster wants it */
	RCPT_TEMPORARY,		/* 451 4.3.0: cannot tell now; text says why */
	RCPT_NO_SPACE,		/* 452 4.3.1 */
	RCPT_VERDICT_N
};

#define STATUS_CODE_MAX	11	/* "5.999.999" and room */
#define FIELDS_rcpt_answer(F)						\
	F(ENUM,	verdict, rcpt_verdict, RCPT_VERDICT_N)			\
	F(U16,	results)		/* RCPT_OK: recipients it becomes */ \
	F(U16,	code)			/* 400-599, instead of the usual; or 0 */ \
	F(STR,	status, STATUS_CODE_MAX) /* RFC 3463, with that code */	\
	F(STR,	text, REPLY_TEXT_MAX)	/* instead of the usual text */

#define FIELDS_rcpt_checked(F)						\
	F(LIST,	answers, rcpt_answer, RCPT_BATCH_MAX)

/*
 * Structure for LARGE_OPENED: a file in the spool's tmp for a body above
 * BODY_INLINE_MAX, or no fd and why not.  large is good on this channel
 * alone, until MAIL_SUBMIT or LARGE_DROP.
 */
enum store_result {
	STORE_OK,
	STORE_NO_SPACE,		/* 452 4.3.1 */
	STORE_IO_ERROR,		/* 451 4.3.0 */
	STORE_TOO_LARGE,	/* 552 5.3.4 */
	STORE_REFUSED,		/* 554 5.6.0: text says why */
	STORE_TEMPORARY,	/* 451 4.3.0: text says why */
	STORE_RESULT_N
};

#define FIELDS_large_opened(F)						\
	F(ENUM,	result, store_result, STORE_RESULT_N)			\
	F(U32,	large)

#define FIELDS_large_drop(F)						\
	F(U32,	large)

/*
 * Structure for MAIL_SUBMIT: a whole message.  The content is header, an
 * empty line and body, each line with its CRLF, dots unstuffed.  header ends
 * with the empty line.  The body is body, or (large not 0) the file.
 * Answered by MAIL_STORED when it is durable, and not before.
 */
#define FIELDS_mail_submit(F)						\
	F(U32,	conf)			/* whose the listener is */	\
	F(STRUCT, envelope, envelope)					\
	F(STR,	tls, TLS_TEXT_MAX)	/* of the session, for the trace */ \
	F(STR,	header, HEADER_MAX)					\
	F(STR,	body, BODY_INLINE_MAX)					\
	F(U32,	large)							\
	F(U64,	large_size)		/* octets written to the file */

#define FIELDS_mail_stored(F)						\
	F(ENUM,	result, store_result, STORE_RESULT_N)			\
	F(STR,	text, REPLY_TEXT_MAX)

/* Structure for MAIL_ASK: was this stored before you were restarted? */
#define FIELDS_mail_ask(F)						\
	F(ID,	id)

#define FIELDS_mail_known(F)						\
	F(BOOL,	stored)

/*
 * Structure for JOB_RESUME: deliverd tells a new queued what it has in hand,
 * a frame a job, then JOB_RESUMED; results that are not yet kept are sent
 * again after that.  job is as the old queued numbered it; it stays.
 */
#define FIELDS_rcpt_index(F)						\
	F(U16,	index)			/* in the envelope */

#define FIELDS_job_resume(F)						\
	F(U32,	job)							\
	F(ID,	id)							\
	F(LIST,	rcpts, rcpt_index, JOB_RCPTS_MAX)

/*
 * Structure for ROUTE_WAKE: there is mail for this route, and deliverd's
 * window for it is 0.  A route's number holds for this life of the channel.
 */
#define FIELDS_route_wake(F)						\
	F(U32,	route)							\
	F(ENUM,	transport, transport, TRANSPORT_N)			\
	/* a domain, via's host, a service's host or, if it has none, its name */ \
	F(STR,	next_hop, DOMAIN_MAX)					\
	F(U16,	port)			/* 0: that of the transport */	\
	F(BOOL,	via)			/* no MX look-up */		\
	F(U16,	delivery)		/* TRANSPORT_LOCAL: the rule */	\
	F(U16,	service)		/* of such a name: its index in ... */ \
	F(U32,	conf)			/* ... the configuration of that number */ \
	F(U32,	concurrency)						\
	F(BOOL,	via_tls)		/* TLS from the first octet */	\
	F(ENUM,	tls, tls_level, TLS_LEVEL_N)				\
	F(STR,	tls_name, DOMAIN_MAX)	/* VERIFY: instead of the host's */ \
	F(U16,	credential)		/* as service; or CREDENTIAL_NONE */ \
	F(U32,	waiting)		/* messages; a hint */

/*
 * Structure for ROUTE_WINDOW: how many jobs of the route deliverd wants to
 * have in hand, in all.  queued sends one whenever there are fewer.  0: the
 * route sleeps until the next ROUTE_WAKE.
 */
#define FIELDS_route_window(F)						\
	F(U32,	route)							\
	F(U32,	window)

/*
 * Structure for ROUTE_DOWN: nothing of the route can be delivered now, none
 * of its hosts answers.  queued holds the route, not its messages, and wakes
 * it after retry_s.  Its jobs come back as JOB_RESULTs with RCPT_RETURNED.
 */
#define FIELDS_route_down(F)						\
	F(U32,	route)							\
	F(U32,	retry_s)						\
	F(STR,	why, REPLY_TEXT_MAX)

/*
 * Structure for JOB: one message to some of its recipients, in one
 * transaction.  The body is body, or with a file passed all of that file.
 */
#define FIELDS_job_rcpt(F)						\
	F(U16,	index)			/* in the envelope */		\
	F(U32,	slot)			/* of a system table: whose mailbox */ \
	F(STRUCT, rcpt, recipient)

#define FIELDS_job(F)							\
	F(U32,	job)			/* unlike any other in this hand */ \
	F(U32,	route)							\
	F(U32,	conf)			/* whose delivery and slots are meant */ \
	F(ID,	id)							\
	F(U64,	arrived)		/* seconds of UTC */		\
	F(U32,	tries)			/* before this one */		\
	F(STR,	sender, ADDRESS_MAX)					\
	F(ENUM,	body_type, body_type, BODY_TYPE_N)			\
	F(BOOL,	utf8)							\
	F(ENUM,	ret, dsn_ret, DSN_RET_N)				\
	F(STR,	envid, ENVID_MAX)					\
	F(U64,	size)			/* octets of header and body */	\
	F(LIST,	rcpts, job_rcpt, JOB_RCPTS_MAX)				\
	F(STR,	header, HEADER_MAX)					\
	F(STR,	body, BODY_INLINE_MAX)

/*
 * Structure for JOB_RESULT: the end of a job, each recipient in it once.
 * Kept by deliverd until queued says JOB_KEPT.
 */
enum rcpt_status {
	RCPT_DELIVERED,
	RCPT_DEFERRED,		/* 4yz, or no answer: try again */
	RCPT_FAILED,		/* 5yz: report to the sender */
	RCPT_RETURNED,		/* not tried */
	RCPT_STATUS_N
};

#define TLS_TEXT_MAX	128

#define FIELDS_rcpt_result(F)						\
	F(U16,	index)							\
	F(ENUM,	status, rcpt_status, RCPT_STATUS_N)			\
	F(U16,	reply_code)		/* of the remote; 0: our own words */ \
	F(STR,	code, STATUS_CODE_MAX)	/* RFC 3463: "4.4.1" */		\
	F(STR,	reply, REPLY_TEXT_MAX)	/* its words or ours, one line */

#define FIELDS_job_result(F)						\
	F(U32,	job)							\
	F(STR,	host, DOMAIN_MAX)	/* who said so; empty: nobody */ \
	F(ADDR,	address)						\
	F(BOOL,	dsn)			/* who reports successes from there \
					   on (RFC 3461 5.2.2) */	\
	F(STR,	tls, TLS_TEXT_MAX)	/* the verdict for the log */	\
	F(U32,	took_ms)		/* from its turn to the last reply */ \
	F(LIST,	rcpts, rcpt_result, JOB_RCPTS_MAX)

#define JOBS_KEPT_MAX	1024
#define FIELDS_job_number(F)						\
	F(U32,	job)

/* Structure for JOB_KEPT: these results are durable, forget them. */
#define FIELDS_job_kept(F)						\
	F(LIST,	jobs, job_number, JOBS_KEPT_MAX)

/*
 * Structure for VERIFY_ASK: MAIL FROM:<> and RCPT to that next hop, as
 * ROUTE_WAKE has it, and no more.  VERIFIED: RCPT_DELIVERED is yes.
 */
#define FIELDS_verify_ask(F)						\
	F(STRUCT, route, route_wake)	/* its number may never have woken */ \
	F(STR,	rcpt, ADDRESS_MAX)

#define FIELDS_verified(F)						\
	F(ENUM,	status, rcpt_status, RCPT_STATUS_N)			\
	F(U16,	reply_code)		/* of the remote; 0: our own words */ \
	F(STR,	code, STATUS_CODE_MAX)	/* RFC 3463 */			\
	F(STR,	reply, REPLY_TEXT_MAX)

/*
 * Structure for MAILBOX_OPEN: start a postern-local for this delivery rule
 * and, where the rule delivers as the recipient, this line of the system
 * table.  Never a path, never a uid.  Both are places in the configuration
 * of that number; master refuses it, with again, when that is no more.
 */
#define FIELDS_mailbox_open(F)						\
	F(U32,	conf)							\
	F(U16,	delivery)						\
	F(U32,	slot)

/* Structure for MAILBOX_OPENED: with the socket, and who is at its end. */
#define FIELDS_mailbox_opened(F)					\
	F(BOOL,	ok)							\
	F(BOOL,	again)			/* another configuration holds */ \
	F(STR,	why, TEXT_MAX)						\
	F(U16,	index)							\
	F(U32,	generation)

/*
 * Structure for MAILBOX_RULE: all that a postern-local is told of the
 * configuration.  user and home are those it runs as, from the system table.
 */
#define FIELDS_mailbox_rule(F)						\
	F(STR,	hostname, DOMAIN_MAX)					\
	F(STR,	path, FILE_NAME_MAX)	/* with %{user} %{domain} %{home} */ \
	F(STR,	user, NAME_MAX_LEN)					\
	F(STR,	home, FILE_NAME_MAX)

/* Structure for MAILBOX_PUT: into this recipient's mailbox, by your rule. */
#define FIELDS_mailbox_put(F)						\
	F(ID,	id)							\
	F(STR,	sender, ADDRESS_MAX)					\
	F(STR,	rcpt, ADDRESS_MAX)	/* for Delivered-To */		\
	F(STR,	header, HEADER_MAX)					\
	F(STR,	body, BODY_INLINE_MAX)

#define FIELDS_mailbox_done(F)						\
	F(ENUM,	status, rcpt_status, RCPT_STATUS_N)			\
	F(STR,	code, STATUS_CODE_MAX)					\
	F(STR,	text, REPLY_TEXT_MAX)

/*
 * Structure for HOSTS_ASK: the mail hosts of a domain in order (RFC 5321
 * 5.1), or (mx false) the addresses of one host.
 */
#define FIELDS_hosts_ask(F)						\
	F(STR,	name, DOMAIN_MAX)					\
	F(BOOL,	mx)							\
	F(BOOL,	tlsa)			/* with TLSA records for port */ \
	F(U16,	port)

enum names_result {
	NAMES_OK,
	NAMES_NONE,		/* the name exists, no such record */
	NAMES_NO_DOMAIN,	/* NXDOMAIN */
	NAMES_NULL_MX,		/* RFC 7505 */
	NAMES_FAILED,		/* SERVFAIL, no answer: try again */
	NAMES_RESULT_N
};

/* What is known of an answer's origin; nobody downstream changes it. */
enum dnssec { DNSSEC_FAILED, DNSSEC_BOGUS, DNSSEC_INSECURE, DNSSEC_SECURE,
    DNSSEC_N };

#define TLSA_DATA_MAX	512
#define FIELDS_tlsa(F)							\
	F(U8,	usage)							\
	F(U8,	selector)						\
	F(U8,	matching)						\
	F(STR,	data, TLSA_DATA_MAX)

#define FIELDS_host_address(F)						\
	F(ADDR,	addr)

#define FIELDS_mail_host(F)						\
	F(STR,	name, DOMAIN_MAX)					\
	F(U16,	preference)		/* equal ones come shuffled */	\
	F(ENUM,	result, names_result, NAMES_RESULT_N) /* of its addresses */ \
	F(ENUM,	dnssec, dnssec, DNSSEC_N)				\
	F(LIST,	addrs, host_address, HOST_ADDRS_MAX)			\
	F(ENUM,	tlsa_result, names_result, NAMES_RESULT_N)		\
	F(ENUM,	tlsa_dnssec, dnssec, DNSSEC_N)				\
	F(LIST,	tlsas, tlsa, TLSA_MAX)

#define FIELDS_hosts(F)							\
	F(ENUM,	result, names_result, NAMES_RESULT_N)			\
	F(ENUM,	dnssec, dnssec, DNSSEC_N)				\
	F(U32,	ttl_s)							\
	F(STR,	why, TEXT_MAX)		/* of a failure, for people */	\
	F(LIST,	hosts, mail_host, HOSTS_MAX)

enum name_type { NAME_A, NAME_AAAA, NAME_MX, NAME_PTR, NAME_TXT,
    NAME_TYPE_N };

/* Structure for NAME_ASK: plain records, as SPF and others want them. */
#define FIELDS_name_ask(F)						\
	F(ENUM,	type, name_type, NAME_TYPE_N)				\
	F(STR,	name, DOMAIN_MAX)

#define FIELDS_name_record(F)						\
	F(U16,	preference)		/* MX */			\
	F(STR,	data, NAME_RECORD_MAX)	/* address or name as text; TXT raw */

#define FIELDS_name(F)							\
	F(ENUM,	result, names_result, NAMES_RESULT_N)			\
	F(ENUM,	dnssec, dnssec, DNSSEC_N)				\
	F(U32,	ttl_s)							\
	F(LIST,	records, name_record, NAME_RECORDS_MAX)

enum secret_result { SECRET_OK, SECRET_REFUSED, SECRET_UNKNOWN, SECRET_BUSY,
    SECRET_RESULT_N };

/*
 * Structure for TLS_SIGN: tbs is a TLS 1.3 CertificateVerify string (RFC
 * 8446 4.4.3) or a TLS 1.2 ServerKeyExchange (RFC 8422 5.4), nothing else.
 */
#define TLS_TBS_MAX	256
#define SIGNATURE_MAX	1024
#define FIELDS_tls_sign(F)						\
	F(U32,	conf)							\
	F(U16,	key)			/* of that certificate in it */	\
	F(U16,	scheme)			/* RFC 8446 4.2.3 SignatureScheme */ \
	F(STR,	tbs, TLS_TBS_MAX)

#define FIELDS_tls_signed(F)						\
	F(ENUM,	result, secret_result, SECRET_RESULT_N)			\
	F(STR,	signature, SIGNATURE_MAX)

/* Structure for CERTIFICATE_ASK: a self-signed one, which keyd has made. */
#define CERTIFICATE_MAX	4096
#define FIELDS_certificate_ask(F)					\
	F(U32,	conf)							\
	F(U16,	certificate)

#define FIELDS_certificate(F)						\
	F(ENUM,	result, secret_result, SECRET_RESULT_N)			\
	F(STR,	der, CERTIFICATE_MAX)

/*
 * Structure for TICKET_KEY: what session tickets (RFC 8446 4.6.1) of the
 * asking role are sealed with; another role's is another one.  A new one is
 * asked for before it has lived that long; the one before opens for as long
 * again.
 */
#define TICKET_NAME_LEN	16
#define TICKET_KEY_LEN	64		/* AES-256 and HMAC-SHA-256 */
#define FIELDS_ticket_key(F)						\
	F(STR,	name, TICKET_NAME_LEN)					\
	F(STR,	key, TICKET_KEY_LEN)					\
	F(U32,	lives_s)

/*
 * Structure for AUTH_CHECKED: SECRET_OK, it is the user's password;
 * SECRET_UNKNOWN, it is not, or there is no such user; SECRET_BUSY and
 * SECRET_REFUSED (no such table), it cannot be checked now.
 */
#define PASSWORD_MAX	1024
#define FIELDS_auth_check(F)						\
	F(U32,	conf)							\
	F(U16,	table)							\
	F(STR,	user, ACCOUNT_MAX)					\
	F(STR,	password, PASSWORD_MAX)

#define FIELDS_auth_checked(F)						\
	F(ENUM,	result, secret_result, SECRET_RESULT_N)

#define FIELDS_cred_ask(F)						\
	F(U32,	conf)							\
	F(U16,	credential)

#define FIELDS_cred(F)							\
	F(ENUM,	result, secret_result, SECRET_RESULT_N)			\
	F(STR,	user, ACCOUNT_MAX)					\
	F(STR,	password, PASSWORD_MAX)

/*
 * Structure for GUESS_TAKE: may that client try a password for that account?
 * A try that is allowed counts as a wrong one until GUESS_END says that it
 * was not: so not more are tried at a time than may be wrong.
 */
#define FIELDS_guess(F)							\
	F(ADDR,	client)							\
	F(STR,	account, ACCOUNT_MAX)

enum guess_verdict {
	GUESS_COUNTED,		/* it may */
	GUESS_KNOWN,		/* the same: it knew it lately */
	GUESS_REFUSED,		/* too many were wrong */
	GUESS_VERDICT_N
};

#define FIELDS_guess_taken(F)						\
	F(ENUM,	verdict, guess_verdict, GUESS_VERDICT_N)

enum guess_result {
	GUESS_WRONG,
	GUESS_RIGHT,
	GUESS_OPEN,		/* nobody could say */
	GUESS_RESULT_N
};

/* Structure for GUESS_END: what came of it. */
#define FIELDS_guess_end(F)						\
	F(ADDR,	client)							\
	F(STR,	account, ACCOUNT_MAX)					\
	F(ENUM,	result, guess_result, GUESS_RESULT_N)			\
	F(ENUM,	taken, guess_verdict, GUESS_VERDICT_N)			\
					/* as GUESS_TAKEN said, or refused:	\
					 * it was not asked */

/*
 * Structure for GUESSES_ASK and GUESSES_LOOK: the count of one account or
 * client, which forgive ends; or of those that were refused last.
 */
#define FIELDS_guesses_ask(F)						\
	F(STR,	who, ACCOUNT_MAX)	/* or empty */			\
	F(BOOL,	forgive)

enum guesses_result {
	GUESSES_DONE,
	GUESSES_DENIED,		/* not root */
	GUESSES_NOBODY,		/* nothing is counted, or not now */
	GUESSES_RESULT_N
};

#define FIELDS_guesses_row(F)						\
	F(BOOL,	is_client)		/* not an account */		\
	F(STR,	who, ACCOUNT_MAX)					\
	F(U32,	count)							\
	F(U32,	max)							\
	F(U32,	window_s)						\
	F(U64,	refused_at)		/* the last time; 0: not lately */

#define GUESSES_ROWS_MAX	100
#define FIELDS_guesses(F)						\
	F(ENUM,	result, guesses_result, GUESSES_RESULT_N)		\
	F(LIST,	rows, guesses_row, GUESSES_ROWS_MAX)

#define FIELDS_service_open(F)						\
	F(U32,	conf)							\
	F(U16,	service)		/* its index in the configuration */

#define FIELDS_service_opened(F)					\
	F(U32,	error)			/* an errno; 0: with the socket */

#define STS_POLICY_MAX	65536
#define FIELDS_sts_ask(F)						\
	F(STR,	domain, DOMAIN_MAX)

#define FIELDS_sts(F)							\
	F(ENUM,	result, names_result, NAMES_RESULT_N)			\
	F(STR,	policy, STS_POLICY_MAX)

/*
 * Structure for QUEUE_LIST and QUEUE_CHANGE: what fits all that is given.
 * Answered by QUEUE_ROWS, at most QUEUE_ROWS_MAX of them; the next page is
 * asked for with the cursor of the last.
 */
#define STATE_ACTIVE	0x01	/* a worker has it in hand */
#define STATE_WAITING	0x02	/* never tried, or due */
#define STATE_DEFERRED	0x04	/* until its next try */
#define STATE_HELD	0x08

#define FIELDS_queue_filter(F)						\
	F(STR,	id, NAME_MAX_LEN)	/* a prefix */			\
	F(STR,	sender, ADDRESS_MAX)					\
	F(STR,	rcpt, ADDRESS_MAX)					\
	F(STR,	domain, DOMAIN_MAX)	/* of a recipient */		\
	F(STR,	route, DOMAIN_MAX)					\
	F(U8,	states)			/* STATE_ bits; 0: any */	\
	F(U64,	older_s)		/* 0: any */			\
	F(U64,	younger_s)						\
	F(U64,	larger)							\
	F(U64,	smaller)						\
	F(STR,	reply, NAME_MAX_LEN)	/* part of its last reply */

#define QUEUE_ROWS_MAX		64
#define QUEUE_ROW_RCPTS_MAX	16	/* the rest is only counted */

#define FIELDS_queue_rcpt(F)						\
	F(STR,	address, ADDRESS_MAX)					\
	F(STR,	route, DOMAIN_MAX)					\
	F(U8,	state)			/* a STATE_ bit; 0: done */	\
	F(U32,	tries)							\
	F(U64,	next_try)		/* seconds of UTC; 0: now */	\
	F(STR,	reply, REPLY_TEXT_MAX)					\
	F(STR,	via, NEXTHOP_TEXT_MAX)	/* as QUEUE_ROUTE has it; or empty */

#define FIELDS_queue_row(F)						\
	F(ID,	id)							\
	F(U64,	arrived)						\
	F(U64,	not_before)		/* 0: at once */		\
	F(U64,	size)							\
	F(STR,	sender, ADDRESS_MAX)					\
	F(U32,	waiting)		/* recipients not yet done */	\
	F(LIST,	rcpts, queue_rcpt, QUEUE_ROW_RCPTS_MAX)

#define FIELDS_queue_list(F)						\
	F(U64,	cursor)			/* 0: from the beginning */	\
	F(STRUCT, filter, queue_filter)

#define FIELDS_queue_rows(F)						\
	F(BOOL,	more)							\
	F(U64,	cursor)							\
	F(LIST,	rows, queue_row, QUEUE_ROWS_MAX)

/* Structure for MAIL_SHOW: the one message whose id has this prefix. */
#define FIELDS_mail_show(F)						\
	F(STR,	id, NAME_MAX_LEN)

enum show_result { SHOW_OK, SHOW_NONE, SHOW_AMBIGUOUS, SHOW_DENIED,
    SHOW_UNREADABLE, SHOW_REFUSED, SHOW_NOT_KEPT, SHOW_RESULT_N };

#define FIELDS_mail_shown(F)						\
	F(ENUM,	result, show_result, SHOW_RESULT_N)			\
	F(STRUCT, row, queue_row)					\
	F(ADDR,	client)			/* family 0: made here */	\
	F(STR,	helo, HELO_MAX)						\
	F(STR,	account, ACCOUNT_MAX)	/* authenticated; or empty */	\
	F(STR,	envid, ENVID_MAX)					\
	F(ENUM,	body_type, body_type, BODY_TYPE_N)			\
	F(BOOL,	utf8)							\
	F(STR,	header, HEADER_MAX)

/*
 * Structure for MAIL_CONTENT: all of one message.  The body is body, or with
 * a file passed all of that file.
 */
#define FIELDS_mail_content(F)						\
	F(ENUM,	result, show_result, SHOW_RESULT_N)			\
	F(STR,	header, HEADER_MAX)					\
	F(STR,	body, BODY_INLINE_MAX)

/*
 * Structure for QUEUE_COUNT: how many there are of each value of a column.
 * A message counts once for each value that it has.  QUEUE_COUNTED: the most
 * frequent values; others is what has none of them.
 */
enum queue_column { COLUMN_DOMAIN, COLUMN_SENDER, COLUMN_ROUTE, COLUMN_STATE,
    COLUMN_REPLY, COLUMN_N };

#define COUNT_ROWS_MAX		1000
#define FIELDS_queue_count(F)						\
	F(ENUM,	column, queue_column, COLUMN_N)				\
	F(STRUCT, filter, queue_filter)

#define FIELDS_count_row(F)						\
	F(STR,	value, REPLY_TEXT_MAX)	/* empty: <>, or none */	\
	F(U64,	messages)						\
	F(U64,	recipients)						\
	F(U64,	octets)			/* of those messages */		\
	F(U64,	oldest)			/* seconds of UTC: came first */

#define FIELDS_queue_counted(F)						\
	F(U64,	messages)		/* that fit the filter */	\
	F(U64,	recipients)						\
	F(U64,	missed)			/* a row may lack so many, as there \
					 * were too many values */	\
	F(LIST,	rows, count_row, COUNT_ROWS_MAX)			\
	F(STRUCT, others, count_row)

/*
 * QUEUE_ROUTE sends the recipients that fit by another next hop (nexthop.h),
 * or with an empty one as the tables say again; all others change messages.
 */
enum queue_action { QUEUE_RETRY, QUEUE_REMOVE, QUEUE_HOLD, QUEUE_RELEASE,
    QUEUE_ROUTE, QUEUE_ACTION_N };

#define FIELDS_queue_change(F)						\
	F(ENUM,	action, queue_action, QUEUE_ACTION_N)			\
	F(BOOL,	dry_run)						\
	F(STRUCT, filter, queue_filter)					\
	F(STR,	via, NEXTHOP_TEXT_MAX)	/* of QUEUE_ROUTE */

#define FIELDS_queue_changed(F)						\
	F(ENUM,	result, show_result, SHOW_RESULT_N)			\
	F(U64,	messages)						\
	F(U64,	recipients)						\
	F(U64,	refused)		/* recipients that cannot go so */ \
	F(STR,	why, TEXT_MAX)		/* SHOW_REFUSED; or of those */

/*
 * Structure for PAUSE: nothing more is sent by that route, or to that
 * domain, or at all, until it is told to go on.  In force when PAUSED says
 * so, and then durable.
 */
enum pause_what { PAUSE_ALL, PAUSE_ROUTE, PAUSE_DOMAIN, PAUSE_WHAT_N };

#define PAUSES_MAX		256
#define FIELDS_pause_row(F)						\
	F(ENUM,	what, pause_what, PAUSE_WHAT_N)				\
	F(STR,	name, DOMAIN_MAX)	/* of the route or domain */	\
	F(U64,	since)			/* seconds of UTC */		\
	F(U64,	until)			/* the same; 0: no end */	\
	F(STR,	reason, TEXT_MAX)

#define FIELDS_pause(F)							\
	F(BOOL,	resume)			/* end it instead */		\
	F(STRUCT, row, pause_row)

enum pause_result {
	PAUSE_DONE,
	PAUSE_NONE,		/* to resume: it is not paused */
	PAUSE_FULL,		/* PAUSES_MAX */
	PAUSE_NOT_KEPT,		/* in force, but not on the disk */
	PAUSE_DENIED,
	PAUSE_RESULT_N
};

#define FIELDS_paused(F)						\
	F(ENUM,	result, pause_result, PAUSE_RESULT_N)

/* Structure for ROUTES_ASK: the next page begins with the cursor of ROUTES. */
#define FIELDS_routes_ask(F)						\
	F(U32,	cursor)			/* 0: from the beginning */

enum shown_route {
	SHOWN_ASLEEP,		/* nothing is to be sent */
	SHOWN_WOKEN,		/* its worker is being asked */
	SHOWN_AWAKE,		/* it is being sent by */
	SHOWN_DOWN,		/* none of its hosts answers */
	SHOWN_PAUSED,
	SHOWN_ROUTE_N
};

#define ROUTE_ROWS_MAX		64
#define FIELDS_route_row(F)						\
	F(STR,	name, DOMAIN_MAX)					\
	F(ENUM,	transport, transport, TRANSPORT_N)			\
	F(ENUM,	state, shown_route, SHOWN_ROUTE_N)			\
	F(U32,	ready)			/* transactions that could begin */ \
	F(U32,	active)			/* in hand */			\
	F(U32,	window)			/* that its worker wants */	\
	F(U64,	until)			/* of down or paused; 0: unknown */ \
	F(STR,	reason, REPLY_TEXT_MAX)	/* of the same */

#define FIELDS_routes(F)						\
	F(BOOL,	more)							\
	F(U32,	cursor)							\
	F(LIST,	rows, route_row, ROUTE_ROWS_MAX)

/*
 * Structure for TRACE_ASK: what is known of the one message whose id has
 * this prefix, from the skip-th event on; it may have ended long ago.
 */
#define TRACE_EVENTS_MAX	128
#define FIELDS_trace_ask(F)						\
	F(STR,	id, NAME_MAX_LEN)					\
	F(U32,	skip)

#define FIELDS_trace(F)							\
	F(ENUM,	result, show_result, SHOW_RESULT_N)			\
	F(BOOL,	off)			/* nothing is being written */	\
	F(BOOL,	more)							\
	F(U64,	lost)			/* events, since queued began */ \
	F(ID,	id)							\
	F(LIST,	events, trace_event, TRACE_EVENTS_MAX)

enum child_state { CHILD_DOWN, CHILD_STARTING, CHILD_READY, CHILD_RETIRING,
    CHILD_STOPPING, CHILD_STATE_N };

/* Structure for STATUS and PROCESSES: each child as master sees it. */
#define FIELDS_process(F)						\
	F(ENUM,	role, role, ROLE_N)					\
	F(U16,	index)							\
	F(ENUM,	state, child_state, CHILD_STATE_N)			\
	F(U32,	pid)							\
	F(U32,	restarts)						\
	F(U64,	since)			/* seconds of UTC */		\
	F(STRUCT, jail, jail)

#define FIELDS_status(F)						\
	F(STR,	version, NAME_MAX_LEN)					\
	F(U64,	messages)		/* in the queue */		\
	F(U64,	recipients)						\
	F(U64,	active)							\
	F(LIST,	pauses, pause_row, PAUSES_MAX)				\
	F(LIST,	processes, process, PROCESSES_MAX)

/* Structure for RELOAD and CONF_RELOAD: read the configuration again. */
#define FIELDS_reload(F)						\
	F(BOOL,	check)			/* but change nothing */	\
	F(U32,	uid)			/* who asks, for the log */

enum reload_result {
	RELOAD_DONE,		/* in force everywhere, or without error */
	RELOAD_REFUSED,		/* what was in force stays; lines say why */
	RELOAD_BUSY,		/* another one is under way */
	RELOAD_DENIED,		/* not root */
	RELOAD_RESULT_N
};

/* Structure for RELOADED: "file:line: what is wrong", errors, warnings. */
#define RELOAD_LINES_MAX	64	/* the rest is only counted */
#define FIELDS_reload_line(F)						\
	F(BOOL,	warning)						\
	F(STR,	text, TEXT_MAX)

#define FIELDS_reloaded(F)						\
	F(ENUM,	result, reload_result, RELOAD_RESULT_N)			\
	F(LIST,	lines, reload_line, RELOAD_LINES_MAX)			\
	F(U32,	more)			/* lines that did not fit */

/* the structures above: parts of others, and what a message carries */
#define ELEMENTS(P)							\
	P(port) P(jail) P(rcpt_item) P(rcpt_answer) P(rcpt_index)		\
	P(job_rcpt) P(rcpt_result) P(job_number) P(tlsa)		\
	P(host_address) P(mail_host) P(name_record) P(queue_filter)	\
	P(queue_rcpt) P(queue_row) P(process) P(reload_line)		\
	P(count_row) P(guesses_row) P(pause_row) P(route_row)		\
	P(trace_attr) P(trace_event)

#define PAYLOADS(P)							\
	P(nothing) P(hello) P(confine) P(table) P(secret) P(listener)		\
	P(peer_is) P(conf_checked) P(ready) P(peer_fault)		\
	P(log_line) P(load_start) P(load_open) P(load_opened)		\
	P(load_error) P(load_text) P(load_end) P(client)		\
	P(rcpt_check) P(rcpt_checked) P(large_opened) P(large_drop)	\
	P(mail_submit) P(mail_stored) P(mail_ask) P(mail_known)		\
	P(job_resume) P(route_wake) P(route_window) P(route_down)	\
	P(job) P(job_result) P(job_kept) P(verify_ask) P(verified)	\
	P(mailbox_open) P(mailbox_opened) P(mailbox_rule) P(mailbox_put) \
	P(mailbox_done) P(hosts_ask) P(hosts) P(name_ask) P(name)	\
	P(tls_sign) P(tls_signed) P(certificate_ask) P(certificate)	\
	P(ticket_key) P(auth_check) P(auth_checked)		\
	P(cred_ask) P(cred) P(guess) P(guess_taken) P(guess_end)	\
	P(guesses_ask) P(guesses) P(service_open)	\
	P(service_opened) P(sts_ask) P(sts) P(queue_list)		\
	P(queue_rows) P(mail_show) P(mail_shown) P(queue_change)	\
	P(queue_changed) P(status) P(reload) P(reloaded)		\
	P(queue_count) P(queue_counted) P(mail_content) P(pause)	\
	P(paused) P(routes_ask) P(routes) P(trace_ask) P(trace)

ELEMENTS(FIELDS_DECLARE)
PAYLOADS(FIELDS_DECLARE)

/* ---- rules ------------------------------------------------------------- */

enum fd_kind { NO_FD, SEALED_FD, READ_FD, MAY_READ_FD, WRITE_FD, MAY_WRITE_FD,
    SOCKET_FD, MAY_SOCKET_FD, SINK_FD };

enum message_kind { KIND_TELL, KIND_ASK, KIND_ANSWER };

#define PAYLOAD_MEMBER(type)		struct type type;
union payload { PAYLOADS(PAYLOAD_MEMBER) };

/* One row, as the gate reads it. */
struct rule {
	const char		*name;
	unsigned		 senders, receivers;	/* role masks */
	enum fd_kind		 fd;
	unsigned		 phases;
	enum message_kind	 kind;
	enum message		 answer;	/* of an ASK */
	uint32_t		 credit;	/* of an ASK, per channel */
	size_t			 maxlen;
	int			 (*decode)(struct wire *, struct arena *,
				    union payload *);
	void			 (*encode)(struct buf *, const void *);
};

/* NULL for a number that is no message's */
const struct rule	*message_rule(unsigned type);
/* over all rows and fields: builds that differ do not talk */
uint64_t		 messages_hash(void);
/* whether a row lets a talk to b or b to a; HELLO, LEAVING do not count */
bool			 messages_connect(enum role a, enum role b);

/*
 * A pointer to the payload of a message, by the message's name: what makes
 * peer_send and peer_ask refuse a wrong structure when compiled.
 */
#define PAYLOAD_POINTER(name, senders, receivers, fd, phases, kind, credit, type) \
	const struct type *name;
union payload_pointer { MESSAGES(PAYLOAD_POINTER) const void *any; };

#endif
