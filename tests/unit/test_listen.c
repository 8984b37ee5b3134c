/*
 * Binding: what goes wrong with an address, and what becomes of a socket
 * that was left over.
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

static char	 dir[] = "/tmp/test_listen.XXXXXX";
static char	 path[64];
static char	 logged[LOG_LINE_MAX + 1];

static void
keep_line(enum log_level level, const char *line, size_t n)
{
	(void)level;
	memcpy(logged, line, n);
	logged[n] = '\0';
}

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
	struct bind_conf	 bind;
	struct listener_conf	 l = { .origin = { STR("test.conf"), 7 },
	    .binds = &bind, .n_binds = 1 };
	struct conf		 conf = { .listeners = &l, .n_listeners = 1 };
	struct sockets		 sockets = { 0 };
	char			 expected[256], where[NETADDR_TEXT_MAX];
	int			 fd = take_port(&bind.addr);

	(void)state;
	assert_int_equal(listen_all(&conf, &sockets), EX_UNAVAILABLE);
	snprintf(expected, sizeof(expected), "test.conf:7: cannot listen on "
	    "%s: Address already in use; does another mail server run?",
	    netaddr_print_port(&bind.addr, where));
	assert_string_equal(logged, expected);
	listen_close(&conf, &sockets);
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
	assert_int_equal(listen_all(&conf, &sockets), 0);
	assert_int_equal(sockets.n, 2);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(access(control, F_OK), 0);
	listen_close(&conf, &sockets);
	assert_int_equal(sockets.n, 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(control, F_OK), -1);
}

static int
set_up(void **state)
{
	(void)state;
	log_set_sink(keep_line);
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
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
