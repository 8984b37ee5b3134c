/*
 * Binding: what goes wrong with an address, what becomes of a socket that
 * was left over, and of all sockets when the configuration changes.
 */
#include "listen.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "sockets.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static char	 dir[] = "/tmp/test_listen.XXXXXX";
static char	 path[64];
static char	 why[LOG_LINE_MAX + 1];

static const struct sockets	 none;

static struct netaddr
loopback(uint16_t port)
{
	struct netaddr	 a;

	assert_int_equal(netaddr_parse(&a, str_of("127.0.0.1")), 0);
	a.port = port;
	return a;
}

/* A port that somebody has. */
static int
take_port(struct netaddr *a)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);
	int			 fd;

	*a = loopback(0);
	fd = listen_tcp(a);
	assert_int_not_equal(fd, -1);
	getsockname(fd, (struct sockaddr *)&ss, &len);
	netaddr_from_sockaddr(a, (struct sockaddr *)&ss, len);
	return fd;
}

static void
test_address_errors(void **state)
{
	struct netaddr	 taken, foreign;
	int		 fd = take_port(&taken);

	(void)state;
	assert_int_equal(listen_tcp(&taken), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(listen_exit_code(errno), EX_UNAVAILABLE);
	netaddr_parse(&foreign, str_of("192.0.2.1"));
	assert_int_equal(listen_tcp(&foreign), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_int_equal(listen_exit_code(errno), EX_UNAVAILABLE);
	assert_int_equal(listen_exit_code(EACCES), EX_NOPERM);
	assert_int_equal(listen_exit_code(EMFILE), EX_OSERR);
	close(fd);
}

/* The line names where it is configured, the address, and the reason. */
static void
test_line_of_an_error(void **state)
{
	struct bind_conf	 taken;
	struct listener_conf	 l = { .origin = { STR("test.conf"), 7 },
	    .binds = &taken, .n_binds = 1 };
	struct conf		 conf = { .listeners = &l, .n_listeners = 1 };
	struct sockets		 sockets = { 0 };
	char			 expected[256], where[NETADDR_TEXT_MAX];
	int			 fd = take_port(&taken.addr);

	(void)state;
	assert_int_equal(sockets_bind(&conf, &none, &sockets, why,
	    sizeof(why)), EX_UNAVAILABLE);
	snprintf(expected, sizeof(expected), "test.conf:7: cannot listen on "
	    "%s: Address already in use; does another mail server run?",
	    netaddr_print_port(&taken.addr, where));
	assert_string_equal(why, expected);
	sockets_abort(&sockets);
	close(fd);
}

static void
test_socket_file(void **state)
{
	struct stat	 st;
	int		 fd, other;

	(void)state;
	fd = listen_unix(path, 0660, (uint32_t)-1);
	assert_int_not_equal(fd, -1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	/* in use */
	assert_int_equal(listen_unix(path, 0660, (uint32_t)-1), -1);
	assert_int_equal(errno, EADDRINUSE);
	/* left over: replaced */
	close(fd);
	other = listen_unix(path, 0600, (uint32_t)-1);
	assert_int_not_equal(other, -1);
	close(other);
	unlink(path);
}

static void
test_file_in_its_place(void **state)
{
	int	 fd = open(path, O_CREAT | O_WRONLY, 0600);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(listen_unix(path, 0660, (uint32_t)-1), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	unlink(path);
}

static void
test_close_removes_socket_files(void **state)
{
	struct listener_conf	 l = { .service = SERVICE_LOCAL,
	    .socket = str_of(path) };
	char			 control[80];
	struct conf		 conf = { .listeners = &l, .n_listeners = 1 };
	struct sockets		 sockets = { 0 };

	(void)state;
	snprintf(control, sizeof(control), "%s/control", dir);
	conf.control = str_of(control);
	conf.control_gid = getgid();
	assert_int_equal(sockets_bind(&conf, &none, &sockets, why,
	    sizeof(why)), 0);
	assert_int_equal(sockets.n, 2);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(access(control, F_OK), 0);
	sockets_close(&sockets);
	assert_int_equal(sockets.n, 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(control, F_OK), -1);
}

/* ---- from one configuration to the next -------------------------------- */

/* Some free port, which is soon used. */
static uint16_t
free_port(void)
{
	struct netaddr	 a;

	close(take_port(&a));
	return a.port;
}

static bool
answers(const char *address, uint16_t port)
{
	struct sockaddr_storage	 ss;
	struct netaddr		 a;
	socklen_t		 len;
	int			 fd, r;

	assert_int_equal(netaddr_parse(&a, str_of(address)), 0);
	a.port = port;
	len = netaddr_to_sockaddr(&a, &ss);
	fd = socket(ss.ss_family, SOCK_STREAM, 0);
	r = connect(fd, (struct sockaddr *)&ss, len);
	close(fd);
	return r == 0;
}

/* A configuration with some binds of one listener each, and its control. */
struct world {
	struct bind_conf	 binds[2];
	struct listener_conf	 l[2];
	char			 control[80];
	struct conf		 conf;
};

static void
make_world(struct world *w, enum service first, const char *a, uint16_t pa,
    const char *b, uint16_t pb)
{
	*w = (struct world){ .conf = { .listeners = w->l } };
	snprintf(w->control, sizeof(w->control), "%s/control", dir);
	w->conf.control = str_of(w->control);
	w->conf.control_gid = getgid();
	for (size_t i = 0; i < 2; i++) {
		const char	*address = i == 0 ? a : b;

		if (address == NULL)
			continue;
		netaddr_parse(&w->binds[i].addr, str_of(address));
		w->binds[i].addr.port = i == 0 ? pa : pb;
		w->l[w->conf.n_listeners++] = (struct listener_conf){
		    .service = i == 0 ? first : SERVICE_MX,
		    .origin = { STR("test.conf"), 7 + (uint32_t)i },
		    .binds = &w->binds[i], .n_binds = 1 };
	}
}

static int
bind_world(const struct world *w, const struct sockets *have,
    struct sockets *next)
{
	return sockets_bind(&w->conf, have, next, why, sizeof(why));
}

static void
test_change(void **state)
{
	uint16_t	 one = free_port(), two = free_port();
	struct sockets	 have = { 0 }, next = { 0 };
	struct world	 w;
	int		 fd;

	(void)state;
	make_world(&w, SERVICE_MX, "127.0.0.1", one, NULL, 0);
	assert_int_equal(bind_world(&w, &none, &have), 0);
	fd = have.list[0].fd;
	assert_false(have.list[0].kept || have.list[0].passed);

	/* what stays is the same socket, and its workers have it */
	make_world(&w, SERVICE_MX, "127.0.0.1", one, "127.0.0.1", two);
	assert_int_equal(bind_world(&w, &have, &next), 0);
	assert_int_equal(next.n, 3);
	assert_int_equal(next.list[0].fd, fd);
	assert_true(next.list[0].kept && next.list[0].passed);
	assert_false(next.list[1].kept || next.list[1].passed);
	assert_true(next.list[2].kept && next.list[2].passed);
	sockets_commit(&have, &next);
	assert_true(answers("127.0.0.1", one) && answers("127.0.0.1", two));

	/* another role must be given it, and another address is closed */
	make_world(&w, SERVICE_SUBMISSION, "127.0.0.1", one, NULL, 0);
	assert_int_equal(bind_world(&w, &have, &next), 0);
	assert_true(next.list[0].kept && !next.list[0].passed);
	assert_int_equal(next.list[0].role, ROLE_SMTPD_MSA);
	sockets_commit(&have, &next);
	assert_true(answers("127.0.0.1", one));
	assert_false(answers("127.0.0.1", two));
	sockets_close(&have);
	assert_false(answers("127.0.0.1", one));
}

/* One that cannot be bound: the line says so, and all is as before. */
static void
test_change_refused(void **state)
{
	uint16_t	 one = free_port(), two = free_port();
	struct sockets	 have = { 0 }, next = { 0 };
	struct world	 w;

	(void)state;
	make_world(&w, SERVICE_MX, "127.0.0.1", one, NULL, 0);
	assert_int_equal(bind_world(&w, &none, &have), 0);
	make_world(&w, SERVICE_MX, "127.0.0.1", two, "192.0.2.1", two);
	assert_int_equal(bind_world(&w, &have, &next), EX_UNAVAILABLE);
	assert_non_null(strstr(why, "test.conf:8: cannot listen on "
	    "192.0.2.1:"));
	sockets_abort(&next);
	assert_true(answers("127.0.0.1", one));
	assert_false(answers("127.0.0.1", two));
	assert_int_equal(access(w.control, F_OK), 0);
	sockets_close(&have);
}

/* From one address to all of them and back, on the same port. */
static void
test_change_overlaps(void **state)
{
	static const char *const	 turns[] = { "0.0.0.0", "127.0.0.1" };
	uint16_t			 port = free_port();
	struct sockets			 have = { 0 }, next = { 0 };
	struct world			 w;

	(void)state;
	make_world(&w, SERVICE_MX, "127.0.0.1", port, NULL, 0);
	assert_int_equal(bind_world(&w, &none, &have), 0);
	for (size_t i = 0; i < COUNT(turns); i++) {
		make_world(&w, SERVICE_MX, turns[i], port, NULL, 0);
		assert_int_equal(bind_world(&w, &have, &next), 0);
		sockets_commit(&have, &next);
		assert_true(answers("127.0.0.1", port));
		assert_int_equal(answers("127.0.0.2", port), i == 0);
		/* and another server that starts is told */
		assert_int_equal(listen_tcp(&have.list[0].addr), -1);
		assert_int_equal(errno, EADDRINUSE);
	}
	sockets_close(&have);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/socket", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_address_errors),
		cmocka_unit_test(test_line_of_an_error),
		cmocka_unit_test(test_socket_file),
		cmocka_unit_test(test_file_in_its_place),
		cmocka_unit_test(test_close_removes_socket_files),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_change_refused),
		cmocka_unit_test(test_change_overlaps),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
