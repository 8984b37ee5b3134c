/*
 * "posternctl password": what is read, from a pipe and from a terminal, and
 * the line that comes of it.
 */
#include "password.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static char	 password[PASSWORD_MAX];
static size_t	 n;

static enum password_result
from_pipe(struct str text)
{
	enum password_result	 result;
	int			 fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], text.p, text.n), text.n);
	close(fds[1]);
	result = password_read(fds[0], -1, password, &n);
	close(fds[0]);
	return result;
}

static void
a_line(void **state)
{
	static const struct {
		struct str	 text;
		enum password_result result;
		struct str	 password;
	} cases[] = {
		{ STR("secret\n"), PASSWORD_OK, STR("secret") },
		{ STR("secret"), PASSWORD_OK, STR("secret") },
		{ STR(" a: \"b\" \nnext\n"), PASSWORD_OK, STR(" a: \"b\" ") },
		{ STR("\n"), PASSWORD_EMPTY, STR("") },
		{ STR(""), PASSWORD_NONE, STR("") },
		{ STR("a\0b\n"), PASSWORD_NONE, STR("a\0b") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(from_pipe(cases[i].text), cases[i].result);
		assert_true(str_equal(str_bytes(password, n),
		    cases[i].password));
	}
}

static void
length(void **state)
{
	char	 text[PASSWORD_MAX + 2];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[PASSWORD_MAX] = '\n';
	assert_int_equal(from_pipe(str_bytes(text, PASSWORD_MAX + 1)),
	    PASSWORD_OK);
	assert_int_equal(n, PASSWORD_MAX);
	text[PASSWORD_MAX] = 'x';
	assert_int_equal(from_pipe(str_bytes(text, sizeof(text))),
	    PASSWORD_TOO_LONG);
}

/* ---- a terminal -------------------------------------------------------- */

/* Reads on until the text has come; false when it does not. */
static bool
wait_for(int fd, const char *text, char *seen, size_t size)
{
	size_t	 have = strlen(seen);
	ssize_t	 r;

	while (strstr(seen, text) == NULL) {
		if (have + 1 == size ||
		    (r = read(fd, seen + have, size - 1 - have)) <= 0)
			return false;
		have += (size_t)r;
		seen[have] = '\0';
	}
	return true;
}

/* Types both when asked; exits with 0 when nothing of it was shown. */
static pid_t
typist(int fd, const char *first, const char *second)
{
	char	 seen[512] = "";
	pid_t	 pid;

	if ((pid = fork()) != 0)
		return pid;
	alarm(120);
	if (!wait_for(fd, "Password: ", seen, sizeof(seen)) ||
	    dprintf(fd, "%s\n", first) < 0 ||
	    !wait_for(fd, "again: ", seen, sizeof(seen)) ||
	    dprintf(fd, "%s\n", second) < 0 ||
	    !wait_for(fd, "done", seen, sizeof(seen)))
		_exit(1);
	_exit(strstr(seen, first) != NULL || strstr(seen, second) != NULL);
}

static enum password_result
from_terminal(const char *first, const char *second)
{
	enum password_result	 result;
	struct termios		 after;
	int			 fd, tty, status;
	pid_t			 pid;

	assert_int_equal(openpty(&fd, &tty, NULL, NULL, NULL), 0);
	pid = typist(fd, first, second);
	result = password_read(tty, tty, password, &n);
	assert_int_equal(write(tty, "done", 4), 4);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(tcgetattr(tty, &after), 0);
	assert_true((after.c_lflag & ECHO) != 0);
	close(tty);
	close(fd);
	return result;
}

static void
twice_unseen(void **state)
{
	(void)state;
	assert_int_equal(from_terminal("Geheimnis", "Geheimnis"),
	    PASSWORD_OK);
	assert_true(str_equal(str_bytes(password, n), str_of("Geheimnis")));
	assert_int_equal(from_terminal("Geheimnis", "Geheimniss"),
	    PASSWORD_DIFFERS);
}

/* ---- the line ---------------------------------------------------------- */

static void
lines(void **state)
{
	static const struct {
		const char	*user, *begin;
	} cases[] = {
		{ "alice", "alice:" },
		{ "alice@example.org", "alice@example.org:" },
		{ "a:b", "\"a:b\":" }, { "a b", "\"a b\":" },
		{ "#1", "\"#1\":" }, { "[a", "\"[a\":" },
		{ "\xc3\xa4", "\xc3\xa4:" },
	};
	char	 line[PASSWORD_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t	 k = strlen(cases[i].begin);

		assert_int_equal(password_line(str_of(cases[i].user),
		    str_of("secret"), line), 0);
		assert_memory_equal(line, cases[i].begin, k);
		assert_memory_equal(line + k,
		    "$argon2id$v=19$m=65536,t=3,p=1$", 31);
		assert_int_equal(crypto_pwhash_str_verify(line + k, "secret",
		    6), 0);
	}
}

static void
no_users(void **state)
{
	static const char *const	 bad[] = {
		"", "a\nb", "a\tb", "a\"b", "\177", "\033[1m",
	};
	char				 line[PASSWORD_LINE_MAX];
	char				 user[ACCOUNT_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(password_line(str_of(bad[i]),
		    str_of("secret"), line), -1);
	memset(user, ':', sizeof(user));
	assert_int_equal(password_line(str_bytes(user, ACCOUNT_MAX + 1),
	    str_of("secret"), line), -1);
	assert_int_equal(password_line(str_bytes(user, ACCOUNT_MAX),
	    str_of("secret"), line), 0);
	assert_int_equal(line[ACCOUNT_MAX + 2], ':');
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_line),
		cmocka_unit_test(length),
		cmocka_unit_test(twice_unseen),
		cmocka_unit_test(lines),
		cmocka_unit_test(no_users),
	};

	return sodium_init() == -1 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL);
}
