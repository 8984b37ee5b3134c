/*
 * smtpd -r msa and resolverd among broken-into peers: mx hands over sockets
 * that are none, or nobody's it trusts; queued answers what cannot be; the
 * others ask for names that are none.  Nobody is let in for that, no client
 * reads a line that smtpd did not mean, and all questions have an answer.
 *
 * usage: smtpd_probe BUILD [CASE]	(needs no root)
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "cases.h"

#define WAIT_MS		DEADLINE_MS	/* for what must come */

static struct frame_channel	 mx, queued;

/* ---- sockets handed over ----------------------------------------------- */

static void
hand_over(int fd, uint16_t listener)
{
	struct client	 m = { listener };

	tell(&mx, MSG_CLIENT, 0, fd, &m);
}

/* A TCP connection from that address to ourselves: its two ends. */
static void
tcp_pair(const char *from, int ends[2])
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET };
	socklen_t		 len = sizeof(sin);
	int			 l = socket(AF_INET, SOCK_STREAM, 0);

	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	sin.sin_addr.s_addr = inet_addr(from);
	if (bind(ends[0], (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "%s", from);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(l, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(l, 1) == -1 ||
	    getsockname(l, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(ends[0], (struct sockaddr *)&sin, len) == -1 ||
	    (ends[1] = accept(l, NULL, NULL)) == -1)
		err(1, "connection");
	close(l);
}

/* What the client reads until a last line or the end; "" for nothing. */
static const char *
read_reply(int s)
{
	static char	 text[4096];
	size_t		 n = 0, line = 0;
	struct pollfd	 pfd = { s, POLLIN, 0 };

	while (n < sizeof(text) - 1 && poll(&pfd, 1, WAIT_MS) == 1 &&
	    read(s, text + n, 1) == 1) {
		if (text[n++] != '\n')
			continue;
		if (n - line < 4 || text[line + 3] == ' ')
			break;
		line = n;
	}
	text[n] = '\0';
	return text;
}

static const char *
command(int s, const char *line)
{
	if (write(s, line, strlen(line)) == -1)
		return "";
	return read_reply(s);
}

static void
untrusted(void)
{
	int	 s[2];

	tcp_pair("127.0.0.1", s);
	hand_over(s[1], 0);
	check(read_reply(s[0])[0] == '\0', "a stranger is let in");
	close(s[0]);
	check_alive();
	check(has_said(&ch, "not trusted"), "nothing is logged");
}

static void
no_listener(void)
{
	static const uint16_t	 listeners[] = { 1, 63, 64, 0xffff };
	int			 s[2];

	for (size_t i = 0; i < sizeof(listeners) / sizeof(listeners[0]);
	    i++) {
		tcp_pair("127.0.0.2", s);
		hand_over(s[1], listeners[i]);
		check(read_reply(s[0])[0] == '\0', "let in from nowhere");
		close(s[0]);
	}
}

static void
no_client(void)
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET };
	int			 s[2], l;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1)
		err(1, "socketpair");
	hand_over(s[1], 0);
	check(read_reply(s[0])[0] == '\0', "a local socket is let in");
	close(s[0]);
	hand_over(socket(AF_INET, SOCK_STREAM, 0), 0);
	l = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(l, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(l, 1) == -1)
		err(1, "listen");
	hand_over(l, 0);
	check_alive();
	check(ch.n_faults == 0, "a fault");
	hand_over(socket(AF_INET, SOCK_DGRAM, 0), 0);
	check(listen_until(&ch, has_fault) &&
	    strcmp(ch.fault, "wrong-fd") == 0, "a datagram socket is taken");
}

/* ---- answers ----------------------------------------------------------- */

#define EVIL	"x\r\n250 EVIL\r\n"

/* A trusted client in the middle of a transaction. */
static int
client(void)
{
	int	 s[2];

	tcp_pair("127.0.0.2", s);
	hand_over(s[1], 0);
	check(strncmp(read_reply(s[0]), "220", 3) == 0, "no banner");
	command(s[0], "EHLO client.test\r\n");
	check(strncmp(command(s[0], "MAIL FROM:<a@b.test>\r\n"), "250", 3) ==
	    0, "no MAIL");
	return s[0];
}

/* One reply, of that class, in which no line is the intruder's. */
static void
check_reply(int s, char class)
{
	const char	*reply = read_reply(s);

	check(reply[0] == class, reply);
	check(strstr(reply, "\n250 EVIL") == NULL, "a line is injected");
	check(strncmp(command(s, "NOOP\r\n"), "250 ", 4) == 0 &&
	    strstr(command(s, "NOOP\r\n"), "EVIL") == NULL,
	    "the session is out of step");
}

/* Sends RCPT and waits for what queued is asked; its id. */
static uint32_t
ask_rcpt(int s)
{
	static struct heard	 h;
	static const char	 rcpt[] = "RCPT TO:<c@here.test>\r\n";

	if (write(s, rcpt, sizeof(rcpt) - 1) == -1 ||
	    !hear(&queued, MSG_RCPT_CHECK, &h, WAIT_MS)) {
		check(false, "no RCPT_CHECK");
		return 0;
	}
	return h.id;
}

static void
answer_rcpt(uint32_t id, size_t n, enum rcpt_verdict v, struct str text)
{
	struct rcpt_answer	 a[2] = { { .verdict = v, .text = text },
	    { .verdict = v, .text = text } };
	struct rcpt_checked	 m = { a, n };

	tell(&queued, MSG_RCPT_CHECKED, id, -1, &m);
}

static void
wrong_count(void)
{
	int	 s = client();

	for (size_t n = 0; n <= 2; n += 2) {
		answer_rcpt(ask_rcpt(s), n, RCPT_OK, STR_NONE);
		check_reply(s, '4');
		check_alive();
		check(ch.n_faults == n / 2 + 1, "no fault");
		frame_clear(&queued);
		connect_as(&ch, ROLE_QUEUED, &queued);
		lives(&ch);
	}
	close(s);
}

static void
hostile_rcpt(void)
{
	int	 s = client();

	for (int v = RCPT_OK; v < RCPT_VERDICT_N; v++) {
		answer_rcpt(ask_rcpt(s), 1, (enum rcpt_verdict)v,
		    (struct str)STR(EVIL));
		check_reply(s, v == RCPT_OK ? '2' : v < RCPT_TEMPORARY ?
		    '5' : '4');
	}
	close(s);
}

/* Codes that no reply to RCPT has, and one of them with a line behind it. */
static void
hostile_code(void)
{
	static const uint16_t	 codes[] = { 1, 99, 250, 354, 399, 600, 5500,
	    UINT16_MAX };
	int			 s = client();

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct rcpt_answer	 a = { .verdict = RCPT_DENIED,
		    .code = codes[i], .status = STR("2\r\n250 EVI"),
		    .text = STR(EVIL) };
		struct rcpt_checked	 m = { &a, 1 };
		uint32_t		 id = ask_rcpt(s);
		const char		*reply;

		tell(&queued, MSG_RCPT_CHECKED, id, -1, &m);
		reply = read_reply(s);
		check(reply[0] == '4' || reply[0] == '5', reply);
		check(strstr(reply, "\n250 EVI") == NULL,
		    "a line is injected");
		check(strncmp(command(s, "NOOP\r\n"), "250 ", 4) == 0,
		    "the session is out of step");
		frame_clear(&queued);		/* it may have been closed */
		connect_as(&ch, ROLE_QUEUED, &queued);
		lives(&ch);
	}
	close(s);
}

static void
send_data(int s, size_t size)
{
	static const char	 line[] = "0123456789012345678901234567\r\n";

	check(strncmp(command(s, "DATA\r\n"), "354", 3) == 0, "no DATA");
	if (write(s, "A: b\r\n\r\n", 8) == -1)
		err(1, "write");
	for (size_t n = 0; n < size; n += sizeof(line) - 1)
		if (write(s, line, sizeof(line) - 1) == -1)
			err(1, "write");
	if (write(s, ".\r\n", 3) == -1)
		err(1, "write");
}

static void
hostile_stored(void)
{
	static struct heard	 h;
	struct mail_stored	 m = { STORE_REFUSED, STR(EVIL) };
	int			 s = client();

	answer_rcpt(ask_rcpt(s), 1, RCPT_OK, STR_NONE);
	check_reply(s, '2');
	send_data(s, 10);
	check(hear(&queued, MSG_MAIL_SUBMIT, &h, WAIT_MS), "no MAIL_SUBMIT");
	tell(&queued, MSG_MAIL_STORED, h.id, -1, &m);
	check_reply(s, '5');
	close(s);
}

/* A file that is none, and none at all. */
static void
hostile_large(void)
{
	static struct heard	 h;
	struct large_opened	 m = { STORE_OK, 7 };
	int			 s;

	for (int i = 0; i < 3; i++) {
		s = client();
		answer_rcpt(ask_rcpt(s), 1, RCPT_OK, STR_NONE);
		check_reply(s, '2');
		send_data(s, 2 * BODY_INLINE_MAX);
		check(hear(&queued, MSG_LARGE_OPEN, &h, WAIT_MS),
		    "no LARGE_OPEN");
		m.result = i == 2 ? STORE_IO_ERROR : STORE_OK;
		/* a sealed file cannot be written */
		tell(&queued, MSG_LARGE_OPENED, h.id, i == 0 ? -1 :
		    sealed_new("x", str_of("x")), &m);
		check_reply(s, '4');
		close(s);
		check_alive();
	}
}

/* ---- resolverd --------------------------------------------------------- */

static const struct str	 names[] = { STR(""), STR("."), STR(".."),
    STR("a..b"), STR("a\0b"), STR("\377\376"), STR("a\r\nb.test"),
    STR("xn--\200"), STR("-"), STR("a."), STR("1.2.3"), STR("[1.2.3.4"),
    STR("a b"), STR("\\032.test"), STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test"),
    STR("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
    "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
    "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
    "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a") };
#define NAMES	(sizeof(names) / sizeof(names[0]))

static void
strange_names(void)
{
	static struct heard	 h;
	struct frame_channel	 out, in;
	struct hosts_ask	 hosts = { .port = 25 };
	struct name_ask		 name;
	uint32_t		 id = 0;
	unsigned		 n = 0;

	connect_as(&ch, ROLE_DELIVERD_OUT, &out);
	connect_as(&ch, ROLE_SMTPD_MX, &in);
	for (size_t i = 0; i < NAMES; i++)
		for (int t = 0; t < NAME_TYPE_N; t++) {
			hosts.name = name.name = names[i];
			hosts.mx = t % 2;
			hosts.tlsa = t / 2 % 2;
			name.type = (enum name_type)t;
			tell(&out, MSG_HOSTS_ASK, ++id, -1, &hosts);
			tell(&in, MSG_NAME_ASK, id, -1, &name);
		}
	while (hear(&out, MSG_HOSTS, &h, 2 * WAIT_MS) && ++n < id)
		check(h.u.hosts.n_hosts == 0 ||
		    h.u.hosts.hosts[0].n_addrs == 0, "an address for it");
	check(n == id, "not all questions about hosts are answered");
	for (n = 0; n < id && hear(&in, MSG_NAME, &h, WAIT_MS); n++)
		check(h.u.name.n_records == 0, "records for it");
	check(n == id, "not all questions about names are answered");
	check(ch.n_faults == 0, "a fault");
	frame_clear(&out);
	frame_clear(&in);
}

/* ---- all --------------------------------------------------------------- */

static const struct {
	const char	*name;
	enum role	 role;
	void		(*run)(void);
} cases[] = {
	{ "untrusted", ROLE_SMTPD_MSA, untrusted },
	{ "no_listener", ROLE_SMTPD_MSA, no_listener },
	{ "no_client", ROLE_SMTPD_MSA, no_client },
	{ "wrong_count", ROLE_SMTPD_MSA, wrong_count },
	{ "hostile_rcpt", ROLE_SMTPD_MSA, hostile_rcpt },
	{ "hostile_code", ROLE_SMTPD_MSA, hostile_code },
	{ "hostile_stored", ROLE_SMTPD_MSA, hostile_stored },
	{ "hostile_large", ROLE_SMTPD_MSA, hostile_large },
	{ "strange_names", ROLE_RESOLVERD, strange_names },
};

static void
run_case(size_t i)
{
	current = cases[i].name;
	if (start(&ch, cases[i].role)) {
		if (ch.role == ROLE_SMTPD_MSA) {
			connect_as(&ch, ROLE_SMTPD_MX, &mx);
			connect_as(&ch, ROLE_QUEUED, &queued);
		}
		cases[i].run();
		check_alive();
	} else
		check(false, "it did not get READY");
	if (ch.role == ROLE_SMTPD_MSA) {
		frame_clear(&mx);
		frame_clear(&queued);
	}
	check(finish(&ch) == 0, "it did not leave in order");
}

int
main(int argc, char **argv)
{
	driver_setup(argc, argv);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (argc < 3 || strcmp(argv[2], cases[i].name) == 0)
			run_case(i);
	return driver_end();
}
