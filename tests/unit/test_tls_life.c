/*
 * The life of a TLS connection when the other side or keyd is not as it
 * should be: silent, slow, gone, hostile; and when the session frees it at
 * any moment.
 */
#include "tls_harness.h"

static struct tls_client *client;

static int
setup(void **state)
{
	(void)state;
	keyd_act = KEYD_SIGNS;
	signs_asked = 0;
	keyd_start(ROLE_SMTPD_MX);
	server = new_server(&listeners[0]);
	client = tls_client_new(-1);
	SSL_CTX_set_max_proto_version(raw_ctx, 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	stop_both();
	tls_server_free(server);
	tls_client_free(client);
	keyd_stop();
	return 0;
}

/* ---- keyd -------------------------------------------------------------- */

static void
assert_failed(const char *why)
{
	assert_int_equal(srv.done, 0);
	assert_int_equal(srv.ends, 1);
	assert_int_equal(srv.end, IO_ERROR);
	assert_string_equal(srv.why, why);
	assert_int_equal(cli.done, 0);
	assert_int_equal(cli.ends, 1);
	stop_both();
}

static void
test_keyd_answers_badly(void **state)
{
	(void)state;
	keyd_act = KEYD_REFUSES;
	start_both(client, "mx.example.org");
	assert_failed("keyd refused to sign");
	keyd_act = KEYD_IS_EMPTY;
	start_both(client, "mx.example.org");
	assert_failed("keyd has signed nothing");
	keyd_act = KEYD_LIES;		/* longer than the key's are */
	start_both(client, "mx.example.org");
	assert_int_equal(srv.done, 0);
	assert_int_equal(srv.ends, 1);
	stop_both();
	keyd_act = KEYD_SIGNS;
	start_both(client, "mx.example.org");
	assert_talk();
}

static void
answer_late(void)
{
	struct tls_signed	 m = { SECRET_OK, STR("late") };

	peer_send(at_keyd, TLS_SIGNED, sign_id, &m);
}

/* The handshake ends when the time is over; the server lives. */
static void
test_keyd_silent(void **state)
{
	(void)state;
	keyd_act = KEYD_IS_SILENT;
	start_both(client, "mx.example.org");
	assert_int_equal(signs_asked, 1);
	assert_int_equal(srv.ends, 0);
	pending_expire(&to_keyd->pending, clock_ms() + TLS_SIGN_MS - 1000);
	spin();
	assert_int_equal(srv.ends, 0);
	pending_expire(&to_keyd->pending, clock_ms() + TLS_SIGN_MS);
	spin();
	assert_failed("keyd has not signed in time");

	/* an answer that comes too late finds nobody */
	answer_late();
	keyd_act = KEYD_SIGNS;
	start_both(client, "mx.example.org");
	assert_talk();
}

static void
test_keyd_kill(void **state)
{
	(void)state;
	keyd_act = KEYD_IS_SILENT;
	start_both(client, "mx.example.org");
	keyd_stop();
	assert_failed("keyd went away");
	start_both(client, "mx.example.org");
	assert_failed("keyd is not there");
	keyd_act = KEYD_SIGNS;
	keyd_start(ROLE_SMTPD_MX);
	start_both(client, "mx.example.org");
	assert_talk();
}

/* More handshakes than may wait for keyd at a time: each has its turn. */
#define MANY	300
#define FIBRES	64		/* FIBRES_MAX of tls_sign.c */

static void
test_many_wait(void **state)
{
	static struct end	 servers[MANY], clients[MANY];
	struct tls_signed	 refused = { SECRET_REFUSED, STR_NONE };
	unsigned		 done = 0;

	(void)state;
	keyd_act = KEYD_IS_SILENT;
	for (int i = 0; i < MANY; i++) {
		int	 fds[2];

		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
		end_start(&servers[i], fds[0]);
		end_start(&clients[i], fds[1]);
		tls_accept(servers[i].io, server, &end_tls_ops, &servers[i]);
		tls_connect(clients[i].io, client, str_of("a.test"),
		    &end_tls_ops, &clients[i]);
	}
	spin();
	assert_int_equal(signs_asked, FIBRES);
	for (int i = 0; i < 20; i++)
		end_stop(&servers[i]);	/* some that wait for keyd ... */
	for (int i = MANY - 20; i < MANY; i++)
		end_stop(&servers[i]);	/* ... and some for their turn */
	keyd_act = KEYD_SIGNS;
	for (uint32_t i = 0; i < to_keyd->pending.n_slots; i++)
		if (to_keyd->pending.slots[i].id != 0)
			peer_send(at_keyd, TLS_SIGNED,
			    to_keyd->pending.slots[i].id, &refused);
	for (int i = 0; i < 100; i++)
		spin();
	for (int i = 0; i < MANY; i++) {
		done += servers[i].done;
		assert_true(servers[i].io == NULL || servers[i].done == 1);
		end_stop(&servers[i]);
		end_stop(&clients[i]);
	}
	assert_int_equal(done, MANY - 20 - FIBRES);
}

/* ---- the other side ---------------------------------------------------- */

static void
send_all(int fd, const void *p, size_t n)
{
	assert_int_equal(write(fd, p, n), n);
	spin();
}

static void
test_garbage(void **state)
{
	static const char *const	 texts[] = { "EHLO example.org\r\n",
	    "GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\xff\xff",
	    "\x16\x03\x01\x00\x01\x01", "\x80\x2e\x01\x00\x02", };
	static char			 zeros[1000];
	int				 fd;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fd = start_server();
		send_all(fd, texts[i], strlen(texts[i]) + 1);
		(void)!write(fd, zeros, sizeof(zeros));
		spin();
		close(fd);
		spin();
		assert_int_equal(srv.done, 0);
		assert_int_equal(srv.ends, 1);
		assert_string_not_equal(srv.why, "");
		end_stop(&srv);
	}
	assert_int_equal(signs_asked, 0);
}

/* Handshake messages without end, each small: no more than is allowed. */
static void
test_endless_handshake(void **state)
{
	uint8_t	 piece[4096] = { 22, 3, 1, 0x0f, 0xfb, 1, 2, 0, 0, 3, 3 };
	int	 fd = start_server();
	size_t	 sent = 0;

	(void)state;
	while (srv.ends == 0 && sent < 1000000) {
		ssize_t	 n = write(fd, piece, sizeof(piece));

		if (n > 0)
			sent += (size_t)n;
		spin();
		memset(piece + 5, 0, 6);
	}
	assert_true(sent < 110000);
	assert_int_equal(srv.ends, 1);
	assert_int_equal(srv.done, 0);
	close(fd);
}

/* Through a pair that passes on one octet at a time. */
static void
pass_octets(int from, int to)
{
	char	 c;

	while (read(from, &c, 1) == 1) {
		assert_int_equal(write(to, &c, 1), 1);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	spin();
}

static void
test_octet_by_octet(void **state)
{
	int	 fd = start_server(), fds[2];

	(void)state;
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
	end_start(&cli, fds[0]);
	tls_connect(cli.io, client, str_of("a.test"), &end_tls_ops, &cli);
	spin();
	for (int i = 0; i < 4; i++) {
		pass_octets(fds[1], fd);
		pass_octets(fd, fds[1]);
	}
	assert_int_equal(srv.done, 1);
	assert_int_equal(cli.done, 1);
	io_write(cli.io, str_of("MAIL\r\n"));
	spin();
	pass_octets(fds[1], fd);
	assert_got(&srv, "MAIL\r\n");
	close(fd);
	close(fds[1]);
}

/* Records of one octet. */
static void
test_tiny_records(void **state)
{
	SSL	*ssl = raw_start(start_server(), NULL, NULL);
	char	 wanted[2001];

	(void)state;
	assert_int_equal(raw_handshake(ssl), 1);
	for (int i = 0; i < 2000; i++) {
		wanted[i] = (char)('a' + i % 26);
		assert_int_equal(SSL_write(ssl, wanted + i, 1), 1);
		if (i % 100 == 99)
			spin();
	}
	wanted[2000] = '\0';
	spin();
	assert_got(&srv, wanted);
	raw_stop(ssl);
}

/* More than one buffer's worth each way, as bodies are. */
static void
test_bulk(void **state)
{
	static char	 piece[50000];
	size_t		 n = 0;

	(void)state;
	start_both(client, "a.test");
	memset(piece, 'x', sizeof(piece));
	for (int i = 0; i < 20; i++) {
		assert_int_equal(io_write(cli.io, str_bytes(piece,
		    sizeof(piece))), 0);
		assert_int_equal(io_write(srv.io, str_bytes(piece,
		    sizeof(piece))), 0);
		n += sizeof(piece);
		spin();
		spin();
	}
	for (int i = 0; i < 50; i++)
		spin();
	assert_int_equal(srv.got.len, n);
	assert_int_equal(cli.got.len, n);
}

static void
test_renegotiation(void **state)
{
	SSL	*ssl;

	(void)state;
	SSL_CTX_set_max_proto_version(raw_ctx, TLS1_2_VERSION);
	ssl = raw_start(start_server(), NULL, NULL);
	assert_int_equal(raw_handshake(ssl), 1);
	assert_int_equal(SSL_renegotiate(ssl), 1);
	(void)SSL_do_handshake(ssl);
	spin();
	ERR_clear_error();
	(void)SSL_do_handshake(ssl);
	assert_int_equal(ERR_GET_REASON(ERR_peek_error()),
	    SSL_R_NO_RENEGOTIATION);
	spin();
	assert_int_equal(signs_asked, 1);
	assert_int_equal(srv.done, 1);
	raw_stop(ssl);
}

/* ---- the session ------------------------------------------------------- */

static bool	 said_starttls;

static size_t
starttls_data(void *arg, struct str s)
{
	struct end	*e = arg;

	assert_int_equal(buf_put_str(&e->got, s), 0);
	if (!said_starttls) {
		said_starttls = true;
		io_write(e->io, str_of("220 go\r\n"));
		assert_int_equal(tls_accept(e->io, server, &end_tls_ops, e),
		    0);
		return 10;		/* of STARTTLS and its CRLF */
	}
	return s.n;
}

static const struct io_ops	 starttls_ops = { starttls_data, NULL,
    end_ended };

static int
start_in_clear(void)
{
	int	 fds[2];

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
	srv = (struct end){ .got = BUF_INIT(1 << 20) };
	srv.io = io_new(fds[0], &starttls_ops, &srv);
	said_starttls = false;
	return fds[1];
}

/*
 * starttls_inject: what came in clear behind STARTTLS reaches neither the
 * session after it nor the handshake.
 */
static void
test_starttls_inject(void **state)
{
	int	 fd = start_in_clear();
	char	 in[64] = "";
	SSL	*ssl;

	(void)state;
	send_all(fd, "STARTTLS\r\nMAIL FROM:<evil@a.test>\r\n", 36);
	assert_int_equal(read(fd, in, sizeof(in)), 8);
	assert_string_equal(in, "220 go\r\n");
	assert_int_equal(srv.got.len, 36);	/* given once, and no more */
	buf_reset(&srv.got);
	ssl = raw_start(fd, NULL, NULL);
	assert_int_equal(raw_handshake(ssl), 1);
	SSL_write(ssl, "EHLO\r\n", 6);
	spin();
	assert_got(&srv, "EHLO\r\n");
	raw_stop(ssl);
}

/* Behind the last message of the handshake it is not clear text any more. */
static void
test_inject_behind_hello(void **state)
{
	int	 fd = start_in_clear();
	char	 hello[4096], in[64];
	int	 n;
	SSL	*ssl = SSL_new(raw_ctx);
	BIO	*out = BIO_new(BIO_s_mem());

	(void)state;
	send_all(fd, "STARTTLS\r\n", 10);
	assert_int_equal(read(fd, in, sizeof(in)), 8);
	buf_reset(&srv.got);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
	(void)SSL_connect(ssl);
	n = BIO_read(out, hello, sizeof(hello));
	memcpy(hello + n, "MAIL FROM:<>\r\n", 14);
	send_all(fd, hello, (size_t)n + 14);
	assert_int_equal(srv.done, 0);
	assert_int_equal(srv.got.len, 0);
	assert_int_equal(srv.ends, 1);
	SSL_free(ssl);
	ERR_clear_error();
	close(fd);
}

/* Freed by done, with and without something behind the handshake. */
static void
test_freed_when_done(void **state)
{
	SSL	*ssl = raw_start(start_server(), NULL, NULL);

	(void)state;
	srv.free_when_done = true;
	SSL_set_mode(ssl, SSL_MODE_AUTO_RETRY);
	assert_int_equal(raw_handshake(ssl), 1);
	SSL_write(ssl, "EHLO\r\n", 6);
	spin();
	assert_int_equal(srv.done, 1);
	assert_null(srv.io);
	assert_int_equal(srv.got.len, 0);
	raw_stop(ssl);
}

static void
test_paused_when_done(void **state)
{
	SSL	*ssl = raw_start(start_server(), NULL, NULL);

	(void)state;
	srv.pause_when_done = true;
	assert_int_equal(raw_handshake(ssl), 1);
	SSL_write(ssl, "EHLO\r\n", 6);
	spin();
	assert_int_equal(srv.done, 1);
	assert_int_equal(srv.got.len, 0);
	io_resume(srv.io);
	spin();
	assert_got(&srv, "EHLO\r\n");
	srv.free_at_data = true;
	SSL_write(ssl, "QUIT\r\n", 6);
	spin();
	assert_null(srv.io);
	raw_stop(ssl);
}

/* What the session writes before the end of the handshake waits for it. */
static void
test_written_early(void **state)
{
	int	 fd = start_server();
	SSL	*ssl;

	(void)state;
	io_write(srv.io, str_of("220 hello\r\n"));
	ssl = raw_start(fd, NULL, NULL);
	assert_int_equal(raw_handshake(ssl), 1);
	assert_string_equal(raw_read(ssl), "220 hello\r\n");
	raw_stop(ssl);
}

/* One side goes after each step of the handshake; nothing is left behind. */
static void
test_closed_in_each_state(void **state)
{
	(void)state;
	for (int turns = 0; turns < 12; turns++)
		for (int who = 0; who < 4; who++) {
			keyd_act = who & 1 ? KEYD_IS_SILENT : KEYD_SIGNS;
			end_start(&cli, start_server());
			tls_connect(cli.io, client, str_of("a.test"),
			    &end_tls_ops, &cli);
			for (int i = 0; i < turns; i++)
				event_base_loop(base,
				    EVLOOP_ONCE | EVLOOP_NONBLOCK);
			io_free(who & 2 ? &srv.io : &cli.io);
			spin();
			stop_both();
		}
	keyd_act = KEYD_SIGNS;
	start_both(client, "a.test");
	assert_talk();
}

/* More than there are fibres, one after the other: none of them is lost. */
static void
test_freed_while_signing(void **state)
{
	(void)state;
	keyd_act = KEYD_IS_SILENT;
	for (int i = 0; i < 2 * FIBRES; i++) {
		start_both(client, "a.test");
		assert_int_equal(signs_asked, i + 1);
		io_free(&srv.io);
		stop_both();
	}
	keyd_act = KEYD_SIGNS;
	start_both(client, "a.test");
	assert_talk();
}

/* The client goes while keyd thinks: told as such, and the answer is lost. */
static void
test_gone_while_signing(void **state)
{
	(void)state;
	keyd_act = KEYD_IS_SILENT;
	start_both(client, "a.test");
	io_free(&cli.io);
	spin();
	assert_int_equal(srv.ends, 1);
	assert_int_equal(srv.end, IO_EOF);
	assert_string_equal(srv.why, "in the midst of the handshake");
	answer_late();
	spin();
	assert_int_equal(to_keyd->down, false);
}

/* RFC 8446 6.1: each side says when it has finished. */
static void
test_close_notify(void **state)
{
	SSL	*ssl = raw_start(start_server(), NULL, NULL);

	(void)state;
	assert_int_equal(raw_handshake(ssl), 1);
	spin();
	io_write(srv.io, str_of("221\r\n"));
	io_finish(&srv.io, 1000);
	assert_string_equal(raw_read(ssl), "221\r\n");
	assert_string_equal(raw_read(ssl), "");
	assert_int_equal(SSL_get_shutdown(ssl), SSL_RECEIVED_SHUTDOWN);
	raw_stop(ssl);

	ssl = raw_start(start_server(), NULL, NULL);
	assert_int_equal(raw_handshake(ssl), 1);
	SSL_shutdown(ssl);
	send_all(SSL_get_fd(ssl), "in clear, behind the end", 24);
	assert_int_equal(srv.ends, 0);
	assert_int_equal(srv.got.len, 0);
	io_write(srv.io, str_of("250\r\n"));
	assert_string_equal(raw_read(ssl), "250\r\n");
	raw_stop(ssl);
	assert_int_equal(srv.end, IO_EOF);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_keyd_answers_badly),
		T(test_keyd_silent),
		T(test_keyd_kill),
		T(test_many_wait),
		T(test_garbage),
		T(test_endless_handshake),
		T(test_octet_by_octet),
		T(test_tiny_records),
		T(test_bulk),
		T(test_renegotiation),
		T(test_starttls_inject),
		T(test_inject_behind_hello),
		T(test_freed_when_done),
		T(test_paused_when_done),
		T(test_written_early),
		T(test_closed_in_each_state),
		T(test_freed_while_signing),
		T(test_gone_while_signing),
		T(test_close_notify),
	};
	int	 failed;

	harness_start();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	harness_stop();
	return failed;
}
