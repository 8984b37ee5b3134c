/*
 * deliverd among broken-into peers, in its roles out, local and connect: what
 * queued, resolverd, master, postern-local and each other send is well
 * formed, and lies.  It must live; nothing that was not meant as one may go
 * out as a command, no bare CR or LF at all; and no connection goes where
 * none may go.
 *
 * usage: deliverd_probe BUILD [CASE]	(needs no root)
 */
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/un.h>

#include <errno.h>

#include "cases.h"

#define WAIT_MS		DEADLINE_MS	/* for what must come */
#define HEARD_MAX	(1 << 20)

/* What the mail host has heard; shared with its process. */
struct record {
	volatile size_t		 n;
	volatile unsigned	 connections, mails;
	char			 octets[HEARD_MAX];
};

static struct frame_channel	 queued, resolver, opener, box;
static struct record		*host;
static uint16_t			 host_port;
static pid_t			 host_pid;

/* ---- a mail host ------------------------------------------------------- */

static bool
ends_with(const char *end, size_t n)
{
	return host->n >= n &&
	    memcmp(host->octets + host->n - n, end, n) == 0;
}

static bool
starts(size_t line, const char *word)
{
	return strncasecmp(host->octets + line, word, strlen(word)) == 0;
}

static void
answer(int s, const char *reply)
{
	if (write(s, reply, strlen(reply)) == -1)
		_exit(0);
}

/* The end of a line, or of a mail; false: of the conversation. */
static bool
serve_line(int s, size_t line, bool *data)
{
	if (*data) {
		if (!ends_with("\r\n.\r\n", 5))
			return true;
		*data = false;
		host->mails++;
		answer(s, "250 2.0.0 taken\r\n");
	} else if (starts(line, "EHLO")) {
		answer(s, "250-mx.far.test\r\n250-DSN\r\n250-8BITMIME\r\n"
		    "250-SMTPUTF8\r\n250 SIZE 1000000\r\n");
	} else if (starts(line, "DATA")) {
		*data = true;
		answer(s, "354 go on\r\n");
	} else if (starts(line, "QUIT")) {
		answer(s, "221 bye\r\n");
		return false;
	} else
		answer(s, "250 2.0.0 well\r\n");
	return true;
}

static void
serve(int s)
{
	size_t	 line = host->n;
	bool	 data = false, on = true;
	char	 c;

	host->connections++;
	answer(s, "220 mx.far.test ESMTP\r\n");
	while (on && host->n < HEARD_MAX && read(s, &c, 1) == 1) {
		host->octets[host->n++] = c;
		if (c != '\n')
			continue;
		on = serve_line(s, line, &data);
		line = host->n;
	}
	close(s);
}

static void
start_host(void)
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		 len = sizeof(sin);
	int			 s = socket(AF_INET, SOCK_STREAM, 0), c;

	host = mmap(NULL, sizeof(*host), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (host == MAP_FAILED || s == -1 ||
	    bind(s, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(s, 10) == -1 ||
	    getsockname(s, (struct sockaddr *)&sin, &len) == -1)
		err(1, "mail host");
	host_port = ntohs(sin.sin_port);
	fflush(stdout);
	if ((host_pid = fork()) == 0)
		while ((c = accept(s, NULL, NULL)) != -1)
			serve(c);
	close(s);
}

/* No line of it is the intruder's, and each ends with CRLF. */
static void
check_heard(void)
{
	static const char	 evil[] = "EVIL";

	for (size_t i = 0; i < host->n; i++) {
		char	 c = host->octets[i];
		char	 after = i + 1 < host->n ? host->octets[i + 1] : '\n';
		char	 before = i > 0 ? host->octets[i - 1] : '\n';

		if ((c == '\n' && before != '\r') ||
		    (c == '\r' && after != '\n')) {
			check(false, "a bare CR or LF goes out");
			return;
		}
		if (before == '\n' && memcmp(host->octets + i, evil,
		    sizeof(evil) - 1) == 0) {
			check(false, "a line is injected");
			return;
		}
	}
}

/* ---- being queued ------------------------------------------------------ */

static struct job_rcpt	 rcpt;

static struct job
letter(const char *header, struct str body)
{
	static uint32_t	 number;
	struct job	 m = {
		.job = ++number, .route = 1, .id = { { 1 } }, .arrived = 1,
		.sender = STR("a@here.test"), .rcpts = &rcpt, .n_rcpts = 1,
		.header = str_of(header), .body = body,
	};

	memset(&rcpt, 0, sizeof(rcpt));
	rcpt.rcpt.address = (struct str)STR("b@far.test");
	m.size = m.header.n + m.body.n;
	return m;
}

static void
wake(enum transport transport, const char *next_hop, bool via)
{
	struct route_wake	 m = { .route = 1, .transport = transport,
	    .next_hop = str_of(next_hop), .port = via ? host_port : 0,
	    .via = via, .service = SERVICE_NONE,
	    .credential = CREDENTIAL_NONE, .concurrency = 1, .waiting = 1 };

	tell(&queued, MSG_ROUTE_WAKE, 0, -1, &m);
}

/* The status of the job's one recipient; -1: there is no result. */
static int
result(const struct job *m)
{
	static struct heard	 h;

	while (hear(&queued, MSG_JOB_RESULT, &h, WAIT_MS))
		if (h.u.job_result.job == m->job)
			return h.u.job_result.n_rcpts == 0 ? -1 :
			    (int)h.u.job_result.rcpts[0].status;
	return -1;
}

static int
deliver(const struct job *m, int fd)
{
	tell(&queued, MSG_JOB, 0, fd, m);
	return result(m);
}

#define HEADER	"Subject: letter\r\n\r\n"
#define EVIL	"x\r\nEVIL\r\n.\r\nEVIL\r\n"

/* ---- out and queued ---------------------------------------------------- */

static void
no_recipients(void)
{
	struct job	 m = letter(HEADER, (struct str)STR("x\r\n"));

	m.n_rcpts = 0;
	wake(TRANSPORT_SMTP, "127.0.0.1", true);
	tell(&queued, MSG_JOB, 0, -1, &m);
	check_alive();
	m = letter(HEADER, (struct str)STR("x\r\n"));
	check(deliver(&m, -1) == RCPT_DELIVERED, "the next is not delivered");
}

static void
transports(void)
{
	static struct heard	 h;
	static const enum transport strange[] = { TRANSPORT_LOCAL,
	    TRANSPORT_LMTP };

	for (size_t i = 0; i < 2; i++) {
		wake(strange[i], "x", false);
		check(hear(&queued, MSG_ROUTE_DOWN, &h, WAIT_MS),
		    "a strange transport is not refused");
	}
}

static void
numbers(void)
{
	struct job		 m = letter(HEADER, (struct str)STR("x\r\n"));
	struct job_number	 n = { 4711 };
	struct job_kept		 kept = { &n, 1 };

	m.route = 99;
	check(deliver(&m, -1) == RCPT_RETURNED, "a route from nowhere");
	tell(&queued, MSG_JOB, 0, -1, &m);
	check_fault("job-number-in-use");
	frame_clear(&queued);
	connect_as(&ch, ROLE_QUEUED, &queued);
	tell(&queued, MSG_JOB_KEPT, 0, -1, &kept);
	check_fault("no-such-result");
}

static void
size_lies(void)
{
	struct job	 m = letter(HEADER, (struct str)STR("x\r\n"));

	wake(TRANSPORT_SMTP, "127.0.0.1", true);
	m.size = UINT64_MAX;
	check(deliver(&m, -1) == RCPT_RETURNED, "a job of another size");
	m = letter(HEADER, STR_NONE);
	m.size += 1000;
	check(deliver(&m, sealed_new("body", str_of("short"))) ==
	    RCPT_RETURNED, "a file of another size");
	m = letter(HEADER, (struct str)STR("both\r\n"));
	m.size += 5;
	check(deliver(&m, sealed_new("body", str_of("short"))) ==
	    RCPT_RETURNED, "two bodies");
}

/* Each of these is one mail, whatever is in it. */
static void
smuggling(void)
{
	static const struct str	 bodies[] = { STR("a\n.\nEVIL\n"),
	    STR("a\r.\rEVIL\r"), STR("a\r\n.\r\nEVIL\r\n"), STR("a\n.\r\nb"),
	    STR("a\r\n.\nb"), STR("a\r\n.\rb\r"), STR("\n.\n"), STR("\r"),
	    STR(".\r\n.\r\n"), STR("a\0\r\n.\n\r\n.\r\n"), STR(""),
	    STR("a\r\r\n.\r\r\n\n.\n\n"), STR("no end of line") };
	static const char *const headers[] = { "A: b\nC: d\r\n\r\n",
	    "A: b\r\rC: d", "\n", "", ".\r\n.\n.\r" };
	const size_t		 n = sizeof(bodies) / sizeof(bodies[0]);
	struct job		 m;

	wake(TRANSPORT_SMTP, "127.0.0.1", true);
	for (size_t i = 0; i < n; i++) {
		m = letter(headers[i % 5], bodies[i]);
		check(deliver(&m, -1) == RCPT_DELIVERED, "not delivered");
	}
	check(host->mails == n, "one mail has become several");
	for (size_t i = 0; i < host->n; i++)
		if (host->octets[i] == '\n' && (i == 0 ||
		    host->octets[i - 1] != '\r')) {
			check(false, "a bare LF goes out");
			break;
		}
}

static void
paths(void)
{
	struct job	 m;

	wake(TRANSPORT_SMTP, "127.0.0.1", true);
	m = letter(HEADER, (struct str)STR("x\r\n"));
	m.sender = (struct str)STR("a@x>\r\nEVIL\r\n");
	check(deliver(&m, -1) == RCPT_FAILED, "a sender with a CRLF");
	m = letter(HEADER, (struct str)STR("x\r\n"));
	rcpt.rcpt.address = (struct str)STR("b@x>\r\nEVIL\r\n");
	check(deliver(&m, -1) == RCPT_FAILED, "a recipient with a CRLF");
	check_heard();
}

static void
parameters(void)
{
	struct job	 m = letter(HEADER, (struct str)STR("x\r\n"));

	wake(TRANSPORT_SMTP, "127.0.0.1", true);
	m.envid = rcpt.rcpt.orcpt = (struct str)STR(EVIL);
	rcpt.rcpt.orcpt_type = (struct str)STR("rfc822");
	rcpt.rcpt.notify = 0xff;
	deliver(&m, -1);
	m = letter(HEADER, (struct str)STR("x\r\n"));
	rcpt.rcpt.orcpt = (struct str)STR("b@far.test");
	rcpt.rcpt.orcpt_type = (struct str)STR(EVIL);
	deliver(&m, -1);
	check_heard();
}

static void
next_hops(void)
{
	static const char *const hops[] = { "", ".", "..", "a\r\nb", "\377",
	    "[1.2.3.4", "[IPv6:::1]x", "-", "xn--", "a..b" };
	char			 name[DOMAIN_MAX + 1];

	for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++) {
		wake(TRANSPORT_SMTP, hops[i], i % 2 == 0);
		check_alive();
	}
	memset(name, 'a', DOMAIN_MAX);
	name[DOMAIN_MAX] = '\0';
	wake(TRANSPORT_SMTP, name, false);
	check_alive();
}

/* ---- out and resolverd ------------------------------------------------- */

/* Answers the one question with that; the mail goes nowhere. */
static void
answer_hosts(const struct mail_host *list, size_t n, const char *what)
{
	static struct heard	 h;
	struct hosts		 hosts = { .result = NAMES_OK, .ttl_s = 0,
	    .hosts = list, .n_hosts = n };
	struct job		 m = letter(HEADER, (struct str)STR("x\r\n"));
	unsigned		 before = host->connections;

	/* it may have closed either for what came before */
	frame_clear(&queued);
	frame_clear(&resolver);
	connect_as(&ch, ROLE_QUEUED, &queued);
	connect_as(&ch, ROLE_RESOLVERD, &resolver);
	wake(TRANSPORT_SMTP, "far.test", false);
	if (!hear(&resolver, MSG_HOSTS_ASK, &h, WAIT_MS)) {
		check(false, "no question");
		return;
	}
	tell(&queued, MSG_JOB, 0, -1, &m);
	lives(&ch);
	tell(&resolver, MSG_HOSTS, h.id, -1, &hosts);
	check(result(&m) > RCPT_DELIVERED, what);
	check(host->connections == before, what);
}

static void
addresses(void)
{
	static const struct host_address bad[] = {
		{ { .family = 0 } },
		{ { .family = 4, .bytes = { 127, 0, 0, 1 } } },
		{ { .family = 4, .bytes = { 127, 9, 9, 9 } } },
		{ { .family = 4, .bytes = { 0, 0, 0, 0 } } },
		{ { .family = 4, .bytes = { 224, 0, 0, 1 } } },
		{ { .family = 6, .bytes = { [15] = 1 } } },
		{ { .family = 6, .bytes = { 0 } } },
		{ { .family = 6, .bytes = { [10] = 255, 255, 127, 0, 0, 1 } } },
		{ { .family = 6, .bytes = { 255, 2, [15] = 1 } } },
	};
	struct mail_host	 h = { .name = STR("mx.far.test"),
	    .result = NAMES_OK };
	char			 what[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		h.addrs = &bad[i];
		h.n_addrs = 1;
		snprintf(what, sizeof(what), "bad address %zu is used", i);
		answer_hosts(&h, 1, what);
	}
}

static void
no_hosts(void)
{
	struct mail_host	 h = { .name = STR("mx.far.test"),
	    .result = NAMES_OK };

	answer_hosts(NULL, 0, "no hosts at all");
	answer_hosts(&h, 1, "a host without addresses");
	h.name = (struct str)STR("mx.test");
	answer_hosts(&h, 1, "ourselves");
	h.name = (struct str)STR(EVIL);
	h.result = NAMES_FAILED;
	answer_hosts(&h, 1, "a name that is none");
}

/* A question that dies with its resolver, or finds none, waits for the next:
 * it is no reason to put the mail off. */
static void
resolver_late(void)
{
	static struct heard	 h;
	struct mail_host	 host_of = { .name = STR("mx.far.test"),
	    .result = NAMES_OK };
	struct hosts		 hosts = { .hosts = &host_of, .n_hosts = 1 };
	struct job		 m = letter(HEADER, (struct str)STR("x\r\n"));

	frame_clear(&resolver);
	wake(TRANSPORT_SMTP, "far.test", false);
	tell(&queued, MSG_JOB, 0, -1, &m);
	check_alive();
	connect_as(&ch, ROLE_RESOLVERD, &resolver);
	check(hear(&resolver, MSG_HOSTS_ASK, &h, WAIT_MS), "no question");
	frame_clear(&resolver);
	connect_as(&ch, ROLE_RESOLVERD, &resolver);
	check(hear(&resolver, MSG_HOSTS_ASK, &h, WAIT_MS), "not asked again");
	tell(&resolver, MSG_HOSTS, h.id, -1, &hosts);
	check(result(&m) > RCPT_DELIVERED, "a host without addresses");
}

/* ---- out and connect --------------------------------------------------- */

static int
connect_host(void)
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons(host_port) };
	int			 s = socket(AF_INET, SOCK_STREAM, 0);

	if (s == -1 || connect(s, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "connect");
	return s;
}

/* Wakes the route of a service with one mail; its SERVICE_OPEN. */
static bool
open_service(struct job *job, struct heard *h)
{
	struct route_wake	 m = { .route = 1,
	    .transport = TRANSPORT_LMTP, .next_hop = STR("unix:/x"),
	    .via = true, .service = 3, .conf = 4711,
	    .credential = CREDENTIAL_NONE, .concurrency = 1, .waiting = 1 };

	*job = letter(HEADER, (struct str)STR("x\r\n"));
	tell(&queued, MSG_ROUTE_WAKE, 0, -1, &m);
	tell(&queued, MSG_JOB, 0, -1, job);
	if (hear(&opener, MSG_SERVICE_OPEN, h, WAIT_MS))
		return true;
	check(false, "no connection is asked for");
	return false;
}

static void
reopen(void)
{
	frame_clear(&opener);
	connect_as(&ch, ROLE_DELIVERD_CONNECT, &opener);
}

static void
services(void)
{
	static struct heard	 h;
	struct service_opened	 yes = { 0 }, no = { ENOENT };
	struct job		 m;

	if (!open_service(&m, &h))
		return;
	check(h.u.service_open.service == 3 && h.u.service_open.conf == 4711,
	    "another service is asked for");
	tell(&opener, MSG_SERVICE_OPENED, h.id, -1, &no);
	check(result(&m) == RCPT_DEFERRED, "a service that is not there");
	if (!open_service(&m, &h))
		return;
	tell(&opener, MSG_SERVICE_OPENED, h.id, connect_host(), &yes);
	check(result(&m) == RCPT_DELIVERED, "not delivered to a service");
}

static void
services_lie(void)
{
	static struct heard	 h;
	struct service_opened	 yes = { 0 }, no = { UINT32_MAX };
	struct job		 m;

	if (!open_service(&m, &h))
		return;
	tell(&opener, MSG_SERVICE_OPENED, h.id, -1, &yes);
	check_fault("socket-or-error");
	check(result(&m) == RCPT_DEFERRED, "a yes without a socket");
	reopen();
	if (!open_service(&m, &h))
		return;
	tell(&opener, MSG_SERVICE_OPENED, h.id, connect_host(), &no);
	check_fault("socket-or-error");
	check(result(&m) == RCPT_DEFERRED, "a no with a socket");
	reopen();
	if (!open_service(&m, &h))
		return;
	tell(&opener, MSG_SERVICE_OPENED, h.id + 1, -1, &no);
	check_fault("unasked");
	/* whoever takes its place is asked again */
	reopen();
	check(hear(&opener, MSG_SERVICE_OPEN, &h, WAIT_MS),
	    "the next is not asked");
	tell(&opener, MSG_SERVICE_OPENED, h.id, connect_host(), &yes);
	check(result(&m) == RCPT_DELIVERED, "not delivered in the end");
}

/* ---- out and questions ------------------------------------------------- */

static struct verify_ask
question(struct str address)
{
	return (struct verify_ask){ .route = { .route = 9,
	    .transport = TRANSPORT_SMTP, .next_hop = STR("127.0.0.1"),
	    .port = host_port, .via = true, .service = SERVICE_NONE,
	    .credential = CREDENTIAL_NONE, .concurrency = 1 },
	    .rcpt = address };
}

static void
ask(const struct verify_ask *m, uint32_t id, enum rcpt_status want,
    const char *what)
{
	static struct heard	 h;

	tell(&queued, MSG_VERIFY_ASK, id, -1, m);
	check(hear(&queued, MSG_VERIFIED, &h, WAIT_MS) && h.id == id &&
	    h.u.verified.status == want, what);
}

static void
questions(void)
{
	struct verify_ask	 m = question((struct str)STR("b@far.test"));
	struct job		 j = letter(HEADER,
				    (struct str)STR("x\r\n"));

	ask(&m, 1, RCPT_DELIVERED, "a recipient");
	m.rcpt = (struct str)STR("b@x>\r\nEVIL\r\n");
	ask(&m, 2, RCPT_FAILED, "a recipient with a CRLF");
	m.rcpt = STR_NONE;
	ask(&m, 3, RCPT_DELIVERED, "no recipient");	/* the host's word */
	m.route.transport = TRANSPORT_LOCAL;
	ask(&m, 4, RCPT_RETURNED, "a strange transport");
	m = question((struct str)STR("b@far.test"));
	m.route.via = false;
	ask(&m, 5, RCPT_FAILED, "a loopback address");
	/* the number of a route that is another one's */
	wake(TRANSPORT_SMTP, "127.0.0.1", true);
	m = question((struct str)STR("b@far.test"));
	m.route.route = 1;
	m.route.next_hop = (struct str)STR("[1.2.3.4");
	tell(&queued, MSG_VERIFY_ASK, 6, -1, &m);
	check(deliver(&j, -1) == RCPT_DELIVERED, "a mail beside questions");
	check(host->mails == 1, "a question is a mail");
	check_heard();
}

/* queued is gone before the answer comes. */
static void
question_lost(void)
{
	static struct heard	 h;
	struct verify_ask	 m = question((struct str)STR("b@far.test"));
	struct hosts		 hosts = { .result = NAMES_NONE };

	m.route.via = false;
	m.route.next_hop = (struct str)STR("far.test");
	tell(&queued, MSG_VERIFY_ASK, 1, -1, &m);
	check(hear(&resolver, MSG_HOSTS_ASK, &h, WAIT_MS), "no question");
	frame_clear(&queued);
	connect_as(&ch, ROLE_QUEUED, &queued);
	check_alive();
	tell(&resolver, MSG_HOSTS, h.id, -1, &hosts);
	m.route.next_hop = (struct str)STR("127.0.0.1");
	m.route.via = true;
	ask(&m, 2, RCPT_DELIVERED, "the next question");
}

/* ---- connect ----------------------------------------------------------- */

static struct service_conf	 probe_services[] = {
	{ .name = STR("unix:here") },		/* its path comes later */
	{ .name = STR("unix:/nonexistent"), .socket = STR("/nonexistent") },
	{ .name = STR("mx.far.test:24"), .host = STR("mx.far.test"),
	    .port = 24 },
	{ .name = STR("127.0.0.1:x"), .addr = { .family = 4,
	    .bytes = { 127, 0, 0, 1 } } },
};
static char			 here[sizeof(dir) + 8];

/* A socket that listens for that many at a time. */
static int
listen_here(int backlog)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	int			 s = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", here);
	unlink(here);
	if (s == -1 || bind(s, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    chmod(here, 0666) == -1 || listen(s, backlog) == -1)
		err(1, "%s", here);
	return s;
}

static uint32_t
open_index(uint32_t conf, uint16_t service, uint32_t id, int *fd)
{
	static struct heard	 h;
	struct service_open	 m = { conf, service };

	*fd = -1;
	tell(&queued, MSG_SERVICE_OPEN, id, -1, &m);
	if (!hear(&queued, MSG_SERVICE_OPENED, &h, WAIT_MS) || h.id != id)
		return UINT32_MAX;
	*fd = h.fd;
	return h.u.service_opened.error;
}

/* In these cases queued's channel is that of a worker of role out. */
static void
connects(void)
{
	int	 s = listen_here(5), fd, c;
	char	 octet;

	check(open_index(0, 0, 1, &fd) == 0 && fd != -1, "no connection");
	c = accept(s, NULL, NULL);
	check(write(fd, "x", 1) == 1 && read(c, &octet, 1) == 1 &&
	    octet == 'x', "it leads nowhere");
	close(fd);
	close(c);
	check(open_index(0, 3, 2, &fd) == 0 && fd != -1, "no TCP connection");
	close(fd);
	close(s);
	check(open_index(0, 0, 3, &fd) == ECONNREFUSED && fd == -1,
	    "a socket that nobody listens on");
	check(open_index(0, 1, 4, &fd) == ENOENT && fd == -1,
	    "a socket that is not there");
}

/* What is not there, not ours, or of no configuration that we know. */
static void
strange_services(void)
{
	static const struct {
		uint32_t	 conf;
		uint16_t	 service;
	} strange[] = { { 0, 2 }, { 0, 4 }, { 0, UINT16_MAX }, { 1, 0 },
	    { UINT32_MAX, 0 } };
	int	 fd;

	for (uint32_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
		check(open_index(strange[i].conf, strange[i].service, i + 1,
		    &fd) == ESTALE && fd == -1, "a strange service");
}

static bool
was_checked(const struct child *c)
{
	return c->checked;
}

static void
offer(uint32_t number)
{
	const struct nothing	 nothing = { };
	struct conf		 conf = driver_conf;

	conf.number = number;
	ch.checked = false;
	tell(&ch.master, MSG_CONF, 5, conf_seal(&conf), &nothing);
	tell(&ch.master, MSG_CONF_CHECK, 5, -1, &nothing);
	check(listen_until(&ch, was_checked), "a configuration is not good");
}

/* A configuration that others have refused takes no other's place. */
static void
refused_reloads(void)
{
	const struct nothing	 nothing = { };
	int			 s = listen_here(16), fd;

	for (uint32_t i = 1; i <= 5; i++) {
		offer(100 + i);
		check(open_index(100 + i, 0, 2 * i, &fd) == 0 && fd != -1,
		    "one under way is not known");
		close(fd);
		tell(&ch.master, MSG_CONF_DROP, 5, -1, &nothing);
		check_alive();
		check(open_index(100 + i, 0, 2 * i + 1, &fd) == ESTALE,
		    "one that was dropped is known");
	}
	check(open_index(0, 0, 50, &fd) == 0 && fd != -1,
	    "the one in force is forgotten");
	close(fd);
	offer(200);
	tell(&ch.master, MSG_CONF_COMMIT, 5, -1, &nothing);
	check_alive();
	check(open_index(200, 0, 51, &fd) == 0 && fd != -1, "the new one");
	close(fd);
	check(open_index(0, 0, 52, &fd) == 0 && fd != -1, "the one before");
	close(fd);
	close(s);
}

/* A backlog that is full is waited for; who asked may be gone by then. */
static void
full_backlog(void)
{
	struct service_open	 m = { 0, 0 };
	static struct heard	 h;
	int			 s = listen_here(0);

	for (uint32_t i = 1; i <= 4; i++)
		tell(&queued, MSG_SERVICE_OPEN, i, -1, &m);
	check(hear(&queued, MSG_SERVICE_OPENED, &h, WAIT_MS), "not even one");
	close(h.fd);
	for (int n = 0; n < 3; n++) {
		close(accept(s, NULL, NULL));
		check(hear(&queued, MSG_SERVICE_OPENED, &h, WAIT_MS) &&
		    h.u.service_opened.error == 0, "it is not tried again");
		close(h.fd);
	}
	for (uint32_t i = 5; i <= 9; i++)
		tell(&queued, MSG_SERVICE_OPEN, i, -1, &m);
	check_alive();
	frame_clear(&queued);
	check_alive();
	connect_as(&ch, ROLE_DELIVERD_OUT, &queued);
	close(s);
}

static void
too_many_services(void)
{
	struct service_open	 m = { 0, 0 };
	int			 s = listen_here(0);
	uint32_t		 credit =
				    message_rule(MSG_SERVICE_OPEN)->credit;

	for (uint32_t i = 1; i <= credit + 3; i++)
		tell(&queued, MSG_SERVICE_OPEN, i, -1, &m);
	check_fault("no-credit");
	frame_clear(&queued);
	connect_as(&ch, ROLE_DELIVERD_OUT, &queued);
	close(s);
}

/* ---- local ------------------------------------------------------------- */

/* Wakes it with one mail; the id of its MAILBOX_OPEN. */
static uint32_t
ask_mailbox(struct job *m)
{
	*m = letter(HEADER, (struct str)STR("x\r\n"));
	ch.mailbox_ask = 0;
	wake(TRANSPORT_LOCAL, "", false);
	tell(&queued, MSG_JOB, 0, -1, m);
	for (int i = 0; i < 100 && ch.mailbox_ask == 0; i++)
		take_in(&ch, 20);
	return ch.mailbox_ask;
}

static void
mailbox_without_socket(void)
{
	struct mailbox_opened	 yes = { .ok = true }, no = { .ok = false };
	struct job		 m;
	int			 s[2];
	uint32_t		 id = ask_mailbox(&m);

	tell(&ch.master, MSG_MAILBOX_OPENED, id, -1, &yes);
	check(result(&m) == RCPT_DEFERRED, "a mailbox without a socket");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1)
		err(1, "socketpair");
	id = ask_mailbox(&m);
	tell(&ch.master, MSG_MAILBOX_OPENED, id, s[0], &no);
	check(result(&m) == RCPT_DEFERRED, "a refusal with a socket");
	close(s[1]);
}

/* A channel to postern-local, which we are. */
static void
open_box(uint32_t ask)
{
	struct mailbox_opened	 yes = { .ok = true, .generation = 9 };
	int			 s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == -1)
		err(1, "socketpair");
	tell(&ch.master, MSG_MAILBOX_OPENED, ask, s[0], &yes);
	frame_init(&box, s[1], maxlen);
	say_hello(&box, ROLE_MAILBOX, 9);
}

static void
mailbox_lies(void)
{
	static struct heard	 h;
	struct mailbox_done	 done = { RCPT_RETURNED, STR("9\r\n"),
	    STR(EVIL) };
	struct job		 m;

	open_box(ask_mailbox(&m));
	check(hear(&box, MSG_MAILBOX_PUT, &h, WAIT_MS), "nothing is put");
	tell(&box, MSG_MAILBOX_DONE, h.id, -1, &done);
	check_fault("no-such-mail");
	check(result(&m) == RCPT_DEFERRED, "an answer that is none");
	frame_clear(&box);
	open_box(ask_mailbox(&m));
	check(hear(&box, MSG_MAILBOX_PUT, &h, WAIT_MS), "nothing is put");
	done.status = RCPT_FAILED;
	tell(&box, MSG_MAILBOX_DONE, h.id, -1, &done);
	check(result(&m) == RCPT_FAILED, "no result");
	tell(&box, MSG_MAILBOX_DONE, h.id, -1, &done);
	check_fault("unasked");
	frame_clear(&box);
}

static void
mailbox_dies(void)
{
	static struct heard	 h;
	struct job		 m;

	open_box(ask_mailbox(&m));
	check(hear(&box, MSG_MAILBOX_PUT, &h, WAIT_MS), "nothing is put");
	frame_clear(&box);
	check(result(&m) == RCPT_DEFERRED, "its death is no deferral");
}

static void
strange_rules(void)
{
	struct route_wake	 w = { .route = 2,
	    .transport = TRANSPORT_LOCAL, .delivery = 999 };
	struct job		 m = letter(HEADER, (struct str)STR("x\r\n"));

	/* master takes a rule that is not there for an attack: not ours */
	tell(&queued, MSG_ROUTE_WAKE, 0, -1, &w);
	m.route = 2;
	tell(&queued, MSG_JOB, 0, -1, &m);
	check_alive();
	check(ch.mailbox_ask == 0, "master is asked for a rule from nowhere");
}

static void
local_no_recipients(void)
{
	struct job	 m = letter(HEADER, (struct str)STR("x\r\n"));

	m.n_rcpts = 0;
	wake(TRANSPORT_LOCAL, "", false);
	tell(&queued, MSG_JOB, 0, -1, &m);
	check_alive();
	check(ask_mailbox(&m) != 0, "the next is not delivered");
}

/* ---- all --------------------------------------------------------------- */

static const struct {
	const char	*name;
	enum role	 role;
	void		(*run)(void);
} cases[] = {
	{ "no_recipients", ROLE_DELIVERD_OUT, no_recipients },
	{ "transports", ROLE_DELIVERD_OUT, transports },
	{ "numbers", ROLE_DELIVERD_OUT, numbers },
	{ "size_lies", ROLE_DELIVERD_OUT, size_lies },
	{ "smuggling", ROLE_DELIVERD_OUT, smuggling },
	{ "paths", ROLE_DELIVERD_OUT, paths },
	{ "parameters", ROLE_DELIVERD_OUT, parameters },
	{ "next_hops", ROLE_DELIVERD_OUT, next_hops },
	{ "addresses", ROLE_DELIVERD_OUT, addresses },
	{ "no_hosts", ROLE_DELIVERD_OUT, no_hosts },
	{ "resolver_late", ROLE_DELIVERD_OUT, resolver_late },
	{ "services", ROLE_DELIVERD_OUT, services },
	{ "services_lie", ROLE_DELIVERD_OUT, services_lie },
	{ "questions", ROLE_DELIVERD_OUT, questions },
	{ "question_lost", ROLE_DELIVERD_OUT, question_lost },
	{ "connects", ROLE_DELIVERD_CONNECT, connects },
	{ "strange_services", ROLE_DELIVERD_CONNECT, strange_services },
	{ "refused_reloads", ROLE_DELIVERD_CONNECT, refused_reloads },
	{ "full_backlog", ROLE_DELIVERD_CONNECT, full_backlog },
	{ "too_many_services", ROLE_DELIVERD_CONNECT, too_many_services },
	{ "mailbox_without_socket", ROLE_DELIVERD_LOCAL,
	    mailbox_without_socket },
	{ "mailbox_lies", ROLE_DELIVERD_LOCAL, mailbox_lies },
	{ "mailbox_dies", ROLE_DELIVERD_LOCAL, mailbox_dies },
	{ "strange_rules", ROLE_DELIVERD_LOCAL, strange_rules },
	{ "local_no_recipients", ROLE_DELIVERD_LOCAL, local_no_recipients },
};

static void
set_services(void)
{
	snprintf(here, sizeof(here), "%s/here", dir);
	probe_services[0].socket = str_of(here);
	probe_services[3].addr.port = host_port;
	driver_conf.services = probe_services;
	driver_conf.n_services = sizeof(probe_services) /
	    sizeof(probe_services[0]);
}

static void
run_case(size_t i)
{
	bool	 connects_only = cases[i].role == ROLE_DELIVERD_CONNECT;

	current = cases[i].name;
	start_host();
	driver_ports[0].port = driver_conf.smtp_port = host_port;
	set_services();
	if (start(&ch, cases[i].role)) {
		connect_as(&ch, connects_only ? ROLE_DELIVERD_OUT :
		    ROLE_QUEUED, &queued);
		connect_as(&ch, ROLE_RESOLVERD, &resolver);
		connect_as(&ch, ROLE_DELIVERD_CONNECT, &opener);
		cases[i].run();
		check_alive();
		frame_clear(&queued);
		frame_clear(&resolver);
		frame_clear(&opener);
	} else
		check(false, "it did not get READY");
	check(finish(&ch) == 0, "it did not leave in order");
	kill(host_pid, SIGKILL);
	waitpid(host_pid, NULL, 0);
	munmap(host, sizeof(*host));
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
