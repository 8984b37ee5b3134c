/*
 * What a TLS handshake costs a server with its key in keyd, next to one with
 * the key in its own process.
 *
 * usage: tls_handshake [handshakes]
 *
 * Full handshakes in memory, client and server in this process, whose CPU
 * time is taken for the server's calls alone; keyd is another process with
 * keyd's own code, whose CPU time is told beside.  "own" is OpenSSL with
 * memory BIOs as one would write it; "keyd" is common/tls over io on a socket
 * pair, so that it has the system calls of a real connection too: "io" says
 * how much of it these are, by the same connections in clear.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "io.h"
#include "peer.h"
#include "sealed.h"
#include "sign.h"
#include "tls.h"

static struct event_base	*base;
static struct conf		 conf;
static struct listener_conf	 listener;
static struct certificate_conf	 certificate;
static EVP_PKEY			*key;
static X509			*cert;
static SSL_CTX			*client_ctx, *own_ctx;
static double			 server_s;	/* of CPU */

static double
now_s(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
die(const char *what)
{
	fprintf(stderr, "tls_handshake: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

/* ---- a key and its certificate ----------------------------------------- */

static char *
text_of(BIO *b)
{
	char	*p, *text;
	long	 n = BIO_get_mem_data(b, &p);

	text = strndup(p, (size_t)n);
	BIO_free(b);
	return text;
}

static int
make_certificate(bool rsa)
{
	BIO	*chain = BIO_new(BIO_s_mem()), *file = BIO_new(BIO_s_mem());
	char	*pem;
	int	 fd;

	key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	cert = X509_new();
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -1000);
	X509_gmtime_adj(X509_getm_notAfter(cert), 1000000);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
	    MBSTRING_ASC, (const unsigned char *)"bench", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	PEM_write_bio_X509(chain, cert);
	PEM_write_bio_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	certificate.chain = str_of(text_of(chain));
	pem = text_of(file);
	fd = sealed_new("key", str_of(pem));
	free(pem);
	return fd;
}

static void
make_conf(void)
{
	static struct certificate_ref	 ref;

	listener.name = str_of("mx");
	listener.certificates = &ref;
	listener.n_certificates = 1;
	conf.number = 1;
	conf.hostname = str_of("bench");
	conf.listeners = &listener;
	conf.n_listeners = 1;
	conf.certificates = &certificate;
	conf.n_certificates = 1;
}

/* ---- keyd -------------------------------------------------------------- */

static void
on_gone(struct peer *p)
{
	(void)p;
	_exit(0);
}

static void
run_keyd(int fd, int key_fd)
{
	static const struct handlers	 handlers = {
		.TLS_SIGN = on_tls_sign,
		.TICKET_KEY_ASK = on_ticket_key_ask,
	};
	char				 why[256];

	sign_part.secret(0, key_fd);
	if (sign_part.configure(&conf, why, sizeof(why)) == -1)
		die(why);
	sign_part.commit();
	base = event_base_new();
	peer_setup(base, ROLE_KEYD_SIGN, 0, 1);
	peer_new(fd, ROLE_SMTPD_MX, 0, 1, &handlers, on_gone);
	event_base_dispatch(base);
	_exit(1);
}

static const struct handlers	 server_handlers = {
	.TLS_SIGNED = on_tls_signed,
	.TICKET_KEY = on_ticket_key,
};

static struct peer *
start_keyd(int key_fd, pid_t *pid)
{
	struct peer	*p;
	int		 fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1 ||
	    (*pid = fork()) == -1)
		die("cannot start keyd");
	if (*pid == 0) {
		close(fds[1]);
		run_keyd(fds[0], key_fd);
	}
	close(fds[0]);
	close(key_fd);
	peer_setup(base, ROLE_SMTPD_MX, 0, 1);
	p = peer_new(fds[1], ROLE_KEYD_SIGN, 0, 1, &server_handlers, NULL);
	return p;
}

/* ---- the key in the process -------------------------------------------- */

static void
carry(BIO *from, BIO *to)
{
	char	 piece[16384];
	int	 n;

	while ((n = BIO_read(from, piece, sizeof(piece))) > 0)
		BIO_write(to, piece, n);
}

static void
own_handshake(void)
{
	SSL	*c = SSL_new(client_ctx), *s;
	BIO	*c_in = BIO_new(BIO_s_mem()), *c_out = BIO_new(BIO_s_mem());
	BIO	*s_in = BIO_new(BIO_s_mem()), *s_out = BIO_new(BIO_s_mem());
	double	 began;
	int	 c_done = 0, s_done = 0;

	began = now_s();
	s = SSL_new(own_ctx);
	SSL_set_bio(s, s_in, s_out);
	server_s += now_s() - began;
	SSL_set_bio(c, c_in, c_out);
	while (!c_done || !s_done) {
		c_done = SSL_connect(c) == 1;
		carry(c_out, s_in);
		began = now_s();
		s_done = SSL_accept(s) == 1;
		server_s += now_s() - began;
		carry(s_out, c_in);
	}
	began = now_s();
	SSL_free(s);
	server_s += now_s() - began;
	SSL_free(c);
}

static void
make_own(void)
{
	own_ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_session_cache_mode(own_ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(own_ctx, 1);
	if (SSL_CTX_use_certificate(own_ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(own_ctx, key) != 1)
		die("cannot use the key");
}

/* ---- the key in keyd --------------------------------------------------- */

struct session {
	struct io	*io;
	bool		 done;
};

static size_t
on_data(void *arg, struct str s)
{
	(void)arg;
	return s.n;
}

static void
on_ended(void *arg, enum io_end why)
{
	struct session	*s = arg;

	if (!s->done)
		die(tls_why(s->io));
	(void)why;
	io_free(&s->io);
}

static void
on_done(void *arg, const struct tls_facts *f)
{
	struct session	*s = arg;

	(void)f;
	s->done = true;
}

static const struct io_ops	 session_ops = { on_data, NULL, on_ended };
static const struct tls_ops	 session_tls_ops = { on_done };

/* One turn that may wait, as keyd may be thinking. */
static void
serve(struct session *s, bool wait)
{
	double	 began = now_s();

	(void)s;
	event_base_loop(base, wait ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
	server_s += now_s() - began;
}

static void
keyd_handshake(struct tls_server *server)
{
	SSL		*c = SSL_new(client_ctx);
	struct session	 s = { NULL, false };
	double		 began;
	int		 fds[2], r = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1)
		die("no sockets");
	began = now_s();
	s.io = io_new(fds[0], &session_ops, &s);
	if (tls_accept(s.io, server, &session_tls_ops, &s) == -1)
		die("cannot accept");
	server_s += now_s() - began;
	SSL_set_fd(c, fds[1]);
	while (r != 1 || !s.done) {
		if (r != 1)
			r = SSL_connect(c);
		serve(&s, !s.done);
	}
	began = now_s();
	io_free(&s.io);
	server_s += now_s() - began;
	SSL_free(c);
	close(fds[1]);
}

/* The same system calls without TLS: two flights each way. */
static void
clear_exchange(void)
{
	struct session	 s = { NULL, true };
	char		 piece[2048] = { 0 };
	double		 began;
	int		 fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1)
		die("no sockets");
	began = now_s();
	s.io = io_new(fds[0], &session_ops, &s);
	server_s += now_s() - began;
	for (int i = 0; i < 2; i++) {
		(void)!write(fds[1], piece, 300);
		serve(&s, true);
		began = now_s();
		io_write(s.io, str_bytes(piece, 1000));
		server_s += now_s() - began;
		serve(&s, false);
		(void)!read(fds[1], piece, sizeof(piece));
	}
	began = now_s();
	io_free(&s.io);
	server_s += now_s() - began;
	close(fds[1]);
}

/* ---- the figures ------------------------------------------------------- */

static double
measure_own(int n)
{
	for (int i = 0; i < n / 10; i++)
		own_handshake();
	server_s = 0;
	for (int i = 0; i < n; i++)
		own_handshake();
	return server_s / n * 1000;
}

static double
measure_keyd(int n)
{
	struct tls_server	*server;
	char			 why[TLS_WHY_MAX];

	if ((server = tls_server_new(&conf, &listener, why)) == NULL)
		die(why);
	for (int i = 0; i < n / 10; i++)
		keyd_handshake(server);
	server_s = 0;
	for (int i = 0; i < n; i++)
		keyd_handshake(server);
	tls_server_free(server);
	return server_s / n * 1000;
}

static double
measure_clear(int n)
{
	server_s = 0;
	for (int i = 0; i < n; i++)
		clear_exchange();
	return server_s / n * 1000;
}

static void
measure(const char *name, bool rsa, int version, int n)
{
	struct peer	*keyd;
	struct rusage	 ru;
	pid_t		 pid;
	double		 own, with, clear;
	int		 key_fd = make_certificate(rsa);

	SSL_CTX_set_min_proto_version(client_ctx, version);
	SSL_CTX_set_max_proto_version(client_ctx, version);
	keyd = start_keyd(key_fd, &pid);
	tls_keyd(keyd);
	make_own();
	own = measure_own(n);
	with = measure_keyd(n);
	clear = measure_clear(n);
	tls_keyd(NULL);
	peer_close(keyd);
	event_base_loop(base, EVLOOP_NONBLOCK);
	wait4(pid, NULL, 0, &ru);
	printf("%-22s %8.3f %8.3f %8.3f %8.3f %8.3f\n", name, own, with,
	    with - own, clear, ((double)(ru.ru_utime.tv_sec +
	    ru.ru_stime.tv_sec) * 1e3 + (double)(ru.ru_utime.tv_usec +
	    ru.ru_stime.tv_usec) / 1e3) / (n * 1.1));
	SSL_CTX_free(own_ctx);
	X509_free(cert);
	EVP_PKEY_free(key);
}

int
main(int argc, char **argv)
{
	int	 n = argc > 1 ? atoi(argv[1]) : 2000;

	if (n < 10) {
		fprintf(stderr, "usage: tls_handshake [handshakes]\n");
		return 64;
	}
	sign_part.prepare();
	tls_setup();
	base = event_base_new();
	io_setup(base);
	make_conf();
	client_ctx = SSL_CTX_new(TLS_client_method());
	printf("ms of server CPU per full handshake; %d of each\n", n);
	printf("%-22s %8s %8s %8s %8s %8s\n", "", "own", "keyd", "dearer",
	    "(io)", "(keyd's)");
	measure("P-256, TLS 1.3", false, TLS1_3_VERSION, n);
	measure("P-256, TLS 1.2", false, TLS1_2_VERSION, n);
	measure("RSA-2048, TLS 1.3", true, TLS1_3_VERSION, n);
	measure("RSA-2048, TLS 1.2", true, TLS1_2_VERSION, n);
	return 0;
}
