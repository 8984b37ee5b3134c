/*
 * Sessions under test: a client, a queued and a keyd, each at the other end of
 * a socket pair in this one process, all driven by harness_run until nothing
 * moves any more.  The fake queued speaks frames like the real one and
 * judges recipients by how their names begin; the fake keyd judges passwords
 * by what they say.
 */
#ifndef SMTPD_HARNESS_H
#define SMTPD_HARNESS_H

#include <sys/socket.h>

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "frame.h"
#include "io.h"
#include "log.h"
#include "messages.h"
#include "netaddr.h"
#include "peer.h"

#include "auth_client.h"
#include "clients.h"
#include "listener.h"
#include "queue_client.h"
#include "session.h"
#include "settings.h"
#include "throttle.h"
#include "tls.h"

#define HARNESS_QUIET	6	/* turns in which nothing came: it rests */
#define HARNESS_TURNS	64	/* of the loop, without anything to read */

/* What the fake queued does, and what it has seen. */
struct fake_queued {
	bool			 mute;		/* answers nothing */
	enum store_result	 store;
	bool			 no_file;	/* LARGE_OPENED without one */
	bool			 die_on_submit;
	bool			 stored;	/* what MAIL_ASK is told */
	unsigned		 checks, submits, asks, opens, drops;
	unsigned		 rcpts;		/* in all checks */
	/* the last message; text as "sender|rcpt|rcpt" */
	struct buf		 envelope, content, account;
	/* RET and ENVID, then NOTIFY and ORCPT of each recipient */
	struct buf		 dsn;
	enum body_type		 body_type;
	uint64_t		 large_size;
	int			 large_fd;
	/* not answered yet, when mute */
	uint32_t		 kept_id;
};

static struct fake_queued	 fake = { .large_fd = -1,
	.envelope = BUF_INIT(1 << 20), .content = BUF_INIT(64 << 20),
	.account = BUF_INIT(1024), .dsn = BUF_INIT(4096) };

/* The same for keyd's role auth: "right" is; "busy", and "none"
 * for a table that is not there. */
static struct fake_keyd {
	bool			 mute;
	unsigned		 checks;
	uint32_t		 conf;
	uint16_t		 table;
	struct buf		 user, password;	/* of the last */
	struct frame_channel	 channel;
	struct peer		*peer;
} keyd = { .user = BUF_INIT(4096), .password = BUF_INIT(4096) };

static struct event_base	*harness_base;
static struct frame_channel	 harness_channel;
static struct peer		*harness_peer;
static uint32_t			 harness_generation;
static struct conf		 harness_conf;
static struct listener_conf	 harness_listener;
static struct settings		*harness_settings;
static int			 harness_client = -1;
static struct buf		 harness_out = BUF_INIT(64 << 20);
static unsigned			 harness_none_left;
static bool			 harness_spoke_first;
static struct client_count	*harness_count;	/* for the next client */

static const struct handlers	 harness_handlers = {
	.RCPT_CHECKED = on_rcpt_checked,
	.LARGE_OPENED = on_large_opened,
	.MAIL_STORED = on_mail_stored,
	.MAIL_KNOWN = on_mail_known,
	.AUTH_CHECKED = on_auth_checked,
	.TLS_SIGNED = on_tls_signed,
	.CERTIFICATE = on_certificate,
	.TICKET_KEY = on_ticket_key,
};

/* ---- the fake queued --------------------------------------------------- */

static inline size_t
harness_maxlen(unsigned type)
{
	const struct rule	*r = message_rule(type);

	return r != NULL ? r->maxlen : 0;
}

static inline void
fake_say(enum message type, uint32_t id, int fd, const void *x)
{
	if (frame_put(&harness_channel, type, id, fd,
	    message_rule(type)->encode, x) == -1)
		abort();
}

static inline enum rcpt_verdict
fake_verdict(struct str address)
{
	static const struct {
		struct str		 prefix;
		enum rcpt_verdict	 verdict;
	} rules[] = {
		{ STR("no"), RCPT_UNKNOWN }, { STR("relay"), RCPT_NO_RELAY },
		{ STR("tmp"), RCPT_TEMPORARY }, { STR("full"), RCPT_NO_SPACE },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (str_starts_nocase(address, rules[i].prefix))
			return rules[i].verdict;
	return RCPT_OK;
}

static inline void
fake_check(const struct frame *f, const struct rcpt_check *m)
{
	struct rcpt_answer	 answers[RCPT_BATCH_MAX] = { 0 };
	struct rcpt_checked	 out = { answers, m->n_rcpts };

	fake.checks++;
	fake.rcpts += (unsigned)m->n_rcpts;
	for (size_t i = 0; i < m->n_rcpts; i++)
		answers[i].verdict = fake_verdict(m->rcpts[i].address);
	if (!fake.mute)
		fake_say(MSG_RCPT_CHECKED, f->id, -1, &out);
}

static inline void
fake_open(const struct frame *f)
{
	struct large_opened	 out = { STORE_OK, 7 };

	fake.opens++;
	if (fake.mute)
		return;
	if (fake.no_file) {
		out.result = STORE_NO_SPACE;
		fake_say(MSG_LARGE_OPENED, f->id, -1, &out);
		return;
	}
	if (fake.large_fd != -1)
		close(fake.large_fd);
	fake.large_fd = memfd_create("large", 0);
	fake_say(MSG_LARGE_OPENED, f->id, dup(fake.large_fd), &out);
}

static inline void
fake_take_large(uint64_t size)
{
	char	*to = buf_room(&fake.content, size);

	if (to == NULL || lseek(fake.large_fd, 0, SEEK_END) != (off_t)size ||
	    pread(fake.large_fd, to, size, 0) != (ssize_t)size)
		abort();
	buf_added(&fake.content, size);
}

static inline void
fake_take_dsn(const struct envelope *e)
{
	const struct recipient	*r;

	buf_reset(&fake.dsn);
	buf_printf(&fake.dsn, "%d %.*s", (int)e->ret, STR_FMT(e->envid));
	for (size_t i = 0; i < e->n_rcpts; i++) {
		r = &e->rcpts[i];
		buf_printf(&fake.dsn, "|%u %.*s;%.*s", r->notify,
		    STR_FMT(r->orcpt_type), STR_FMT(r->orcpt));
	}
}

static inline void
fake_submit(const struct frame *f, const struct mail_submit *m)
{
	struct mail_stored	 out = { fake.store, STR_NONE };

	fake.submits++;
	fake.body_type = m->envelope.body;
	fake.large_size = m->large_size;
	buf_reset(&fake.envelope);
	buf_put_str(&fake.envelope, m->envelope.sender);
	for (size_t i = 0; i < m->envelope.n_rcpts; i++) {
		buf_putc(&fake.envelope, '|');
		buf_put_str(&fake.envelope, m->envelope.rcpts[i].address);
	}
	fake_take_dsn(&m->envelope);
	buf_reset(&fake.account);
	buf_put_str(&fake.account, m->envelope.account);
	buf_reset(&fake.content);
	buf_put_str(&fake.content, m->header);
	buf_put_str(&fake.content, m->body);
	if (m->large != 0)
		fake_take_large(m->large_size);
	fake.kept_id = f->id;
	if (!fake.mute && !fake.die_on_submit)
		fake_say(MSG_MAIL_STORED, f->id, -1, &out);
}

static inline void
fake_ask(const struct frame *f)
{
	struct mail_known	 out = { fake.stored };

	fake.asks++;
	if (!fake.mute)
		fake_say(MSG_MAIL_KNOWN, f->id, -1, &out);
}

static inline void
fake_handle(const struct frame *f)
{
	struct arena	 arena = ARENA_INIT(16 << 20);
	union payload	*u = calloc(1, sizeof(*u));
	struct wire	 w;

	wire_init(&w, f->payload.p, f->payload.n);
	if (u == NULL || message_rule(f->type)->decode(&w, &arena, u) == -1)
		abort();
	switch (f->type) {
	case MSG_RCPT_CHECK:	fake_check(f, &u->rcpt_check);	break;
	case MSG_LARGE_OPEN:	fake_open(f);			break;
	case MSG_LARGE_DROP:	fake.drops++;			break;
	case MSG_MAIL_SUBMIT:	fake_submit(f, &u->mail_submit); break;
	case MSG_MAIL_ASK:	fake_ask(f);			break;
	case MSG_HELLO:						break;
	default:		abort();
	}
	free(u);
	arena_clear(&arena);
}

static inline void
harness_queued_stop(void)
{
	frame_clear(&harness_channel);
	fake.kept_id = 0;
	for (unsigned i = 0; i < HARNESS_TURNS && harness_peer != NULL; i++)
		event_base_loop(harness_base, EVLOOP_NONBLOCK);
	if (harness_peer != NULL)
		abort();
}

/* True when it has done anything. */
static inline bool
fake_turn(void)
{
	struct frame		*f;
	bool			 did = false;

	if (harness_peer == NULL)
		return false;
	if (frame_read(&harness_channel) == FRAME_OK)
		while (frame_next(&harness_channel, &f) == FRAME_OK) {
			fake_handle(f);
			did = true;
		}
	if (fake.die_on_submit && fake.kept_id != 0)
		harness_queued_stop();
	else
		frame_flush(&harness_channel);
	return did;
}

static inline void
harness_peer_lost(struct peer *p)
{
	queue_down(p);
	if (harness_peer == p)
		harness_peer = NULL;
}

static inline void
harness_queued_start(void)
{
	struct hello	 h = { ROLE_QUEUED, 0, ++harness_generation,
	    messages_hash() };
	int		 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) == -1)
		abort();
	harness_peer = peer_new(sv[0], ROLE_QUEUED, 0, harness_generation,
	    &harness_handlers, harness_peer_lost);
	frame_init(&harness_channel, sv[1], harness_maxlen);
	fake_say(MSG_HELLO, 0, -1, &h);
	frame_flush(&harness_channel);
	queue_up(harness_peer);
}

/* ---- the fake keyd ----------------------------------------------------- */

static inline void
keyd_handle(const struct frame *f)
{
	struct arena		 arena = ARENA_INIT(1 << 20);
	union payload		*u = calloc(1, sizeof(*u));
	struct auth_checked	 out = { SECRET_UNKNOWN };
	struct wire		 w;

	wire_init(&w, f->payload.p, f->payload.n);
	if (f->type == MSG_AUTH_CHECK && u != NULL &&
	    message_rule(f->type)->decode(&w, &arena, u) == 0) {
		keyd.checks++;
		keyd.conf = u->auth_check.conf;
		keyd.table = u->auth_check.table;
		buf_reset(&keyd.user);
		buf_reset(&keyd.password);
		buf_put_str(&keyd.user, u->auth_check.user);
		buf_put_str(&keyd.password, u->auth_check.password);
		if (str_equal(buf_str(&keyd.password), str_of("right")))
			out.result = SECRET_OK;
		else if (str_equal(buf_str(&keyd.password), str_of("busy")))
			out.result = SECRET_BUSY;
		else if (str_equal(buf_str(&keyd.password), str_of("none")))
			out.result = SECRET_REFUSED;
		if (!keyd.mute && frame_put(&keyd.channel, MSG_AUTH_CHECKED,
		    f->id, -1, message_rule(MSG_AUTH_CHECKED)->encode, &out) ==
		    -1)
			abort();
	} else if (f->type != MSG_HELLO)
		abort();
	free(u);
	arena_clear(&arena);
}

static inline bool
keyd_turn(void)
{
	struct frame	*f;
	bool		 did = false;

	if (keyd.peer == NULL)
		return false;
	if (frame_read(&keyd.channel) == FRAME_OK)
		while (frame_next(&keyd.channel, &f) == FRAME_OK) {
			keyd_handle(f);
			did = true;
		}
	frame_flush(&keyd.channel);
	return did;
}

static inline void
keyd_lost(struct peer *p)
{
	auth_down(p);
	if (keyd.peer == p)
		keyd.peer = NULL;
}

static inline void
keyd_start(void)
{
	struct hello	 h = { ROLE_KEYD_AUTH, 0, ++harness_generation,
	    messages_hash() };
	int		 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) == -1)
		abort();
	keyd.peer = peer_new(sv[0], ROLE_KEYD_AUTH, 0, harness_generation,
	    &harness_handlers, keyd_lost);
	frame_init(&keyd.channel, sv[1], harness_maxlen);
	if (frame_put(&keyd.channel, MSG_HELLO, 0, -1,
	    message_rule(MSG_HELLO)->encode, &h) == -1)
		abort();
	frame_flush(&keyd.channel);
	auth_up(keyd.peer);
}

static inline void
keyd_stop(void)
{
	frame_clear(&keyd.channel);
	for (unsigned i = 0; i < HARNESS_TURNS && keyd.peer != NULL; i++)
		event_base_loop(harness_base, EVLOOP_NONBLOCK);
	if (keyd.peer != NULL)
		abort();
}

/* ---- the loop ---------------------------------------------------------- */

static inline bool
harness_read(void)
{
	char	 chunk[65536];
	ssize_t	 n;

	if (harness_client == -1)
		return false;
	n = read(harness_client, chunk, sizeof(chunk));
	if (n > 0)
		buf_put(&harness_out, chunk, (size_t)n);
	return n > 0;
}

/* Until nothing moves. */
static inline void
harness_run(void)
{
	unsigned	 quiet = 0;

	while (quiet < HARNESS_QUIET) {
		event_base_loop(harness_base, EVLOOP_NONBLOCK);
		quiet++;
		if (fake_turn() || keyd_turn())
			quiet = 0;
		if (harness_read())
			quiet = 0;
	}
}

/* ---- the client -------------------------------------------------------- */

static inline void
harness_set_defaults(void)
{
	harness_listener = (struct listener_conf){
		.name = STR("mx"),
		.service = SERVICE_MX,
		.banner = STR("ESMTP postern"),
		.message_size = 1 << 20,
		.max_rcpts = 5,
		.max_sessions = 100,
		.max_errors = 10,
		.strict_envelope = true,
		.bare_newline = NEWLINE_REJECT,
		.command_timeout_ms = 300000,
		.data_timeout_ms = 180000,
		.session_timeout_ms = 3600000,
		.handshake_timeout_ms = 30000,
		.auth_table = TABLE_NONE,
	};
	harness_conf = (struct conf){
		.hostname = STR("mx.example.org"),
		.hop_limit = 3,
		.listeners = &harness_listener,
		.n_listeners = 1,
	};
	fake.mute = fake.no_file = fake.stored = false;
	fake.store = STORE_OK;
	fake.checks = fake.submits = fake.asks = fake.opens = fake.drops = 0;
	fake.rcpts = 0;
	keyd.mute = false;
	keyd.checks = 0;
	throttle_clear();
	harness_spoke_first = false;
	fake.die_on_submit = false;
}

static inline void
harness_no_session(void)
{
	harness_none_left++;
}

static inline void
harness_log(enum log_level level, const char *line, size_t n)
{
	(void)level, (void)line, (void)n;
}

static inline void
harness_setup(void)
{
	log_set_sink(harness_log);
	harness_base = event_base_new();
	io_setup(harness_base);
	peer_setup(harness_base, ROLE_SMTPD_MSA, 0, 1);
	session_setup(harness_base, harness_no_session);
	queue_setup(harness_base);
	harness_set_defaults();
	harness_queued_start();
	keyd_start();
	harness_run();
}

/* A new client, by the settings as they are now. */
static inline void
harness_connect(void)
{
	struct session_client	 c = { 0 };
	char			 why[TLS_WHY_MAX];
	int			 sv[2];

	settings_drop(&harness_settings);
	harness_settings = settings_new(&harness_conf, 0);
	if (harness_settings == NULL ||
	    settings_secure(harness_settings, &harness_conf, why,
	    sizeof(why)) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) == -1)
		abort();
	c.fd = sv[0];
	c.set = harness_settings;
	c.spoke_first = harness_spoke_first;
	c.count = harness_count;
	harness_count = NULL;
	netaddr_parse(&c.addr, str_of("192.0.2.1"));
	harness_client = sv[1];
	buf_reset(&harness_out);
	if (session_new(&c) == -1)
		abort();
}

static inline void
harness_disconnect(void)
{
	if (harness_client != -1)
		close(harness_client);
	harness_client = -1;
	harness_run();
}

/* Sends all of it, as fast as it is read. */
static inline void
harness_send(struct str s)
{
	ssize_t	 n;

	while (s.n != 0) {
		n = send(harness_client, s.p, s.n, MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN)
			return;		/* the session has ended */
		if (n > 0)
			s = str_skip(s, (size_t)n);
		if (s.n != 0)
			harness_run();
	}
}

/* What the client was told so far, ended with a NUL; ids become "ID". */
static inline const char *
harness_told(void)
{
	static char		 told[1 << 20];
	static const char	 mark[] = "queued as ";
	char			*p = told;

	snprintf(told, sizeof(told), "%.*s", STR_FMT(buf_str(&harness_out)));
	while ((p = strstr(p, mark)) != NULL) {
		p += sizeof(mark) - 1;
		if (strlen(p) < MSGID_TEXT_LEN)
			break;
		memmove(p + 2, p + MSGID_TEXT_LEN,
		    strlen(p + MSGID_TEXT_LEN) + 1);
		memcpy(p, "ID", 2);
	}
	return told;
}

/* A whole dialogue, cut at the given place (0: not cut). */
static inline const char *
harness_talk(struct str in, size_t cut)
{
	harness_connect();
	harness_send(str_bytes(in.p, cut));
	harness_run();
	harness_send(str_skip(in, cut));
	harness_run();
	harness_disconnect();
	return harness_told();
}

/* Says it and returns what the client is told from then on. */
static inline const char *
says(const char *line)
{
	buf_reset(&harness_out);
	harness_send(str_of(line));
	harness_run();
	return harness_told();
}

/* ---- the group of tests ------------------------------------------------ */

static inline int
harness_begin(void **state)
{
	(void)state;
	harness_setup();
	return 0;
}

/* Before each: no client of one that has failed, and the usual settings. */
static inline int
harness_before(void **state)
{
	(void)state;
	harness_disconnect();
	harness_set_defaults();
	return 0;
}

#define HARNESS_TEST(fn)	cmocka_unit_test_setup(fn, harness_before)

#endif
