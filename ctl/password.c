/*
 * Entries for tables of passwords.  A password is never an argument, which
 * others on the host could read, and is wiped once it has been hashed.
 */
#include "password.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

/* ---- reading ----------------------------------------------------------- */

/* Up to the line's end; what is longer is read away. */
static enum password_result
read_line(int in, char *to, size_t *n)
{
	enum password_result	 result = PASSWORD_OK;
	ssize_t			 r;
	char			 c;

	*n = 0;
	while ((r = read(in, &c, 1)) == 1 && c != '\n') {
		if (*n == PASSWORD_MAX)
			result = PASSWORD_TOO_LONG;
		else
			to[(*n)++] = c;
	}
	if (r == -1 || (r == 0 && *n == 0) || memchr(to, '\0', *n) != NULL)
		return PASSWORD_NONE;
	return *n == 0 ? PASSWORD_EMPTY : result;
}

static volatile sig_atomic_t	 caught;

static void
on_signal(int sig)
{
	caught = sig;
}

static void
say(int out, const char *text)
{
	if (write(out, text, strlen(text)) == -1)
		return;		/* a prompt less */
}

/* Without echo, which comes back whatever ends it. */
static enum password_result
read_unseen(int in, int out, const char *prompt, char *to, size_t *n)
{
	static const int	 signals[] = { SIGINT, SIGTERM, SIGHUP,
				    SIGQUIT };
	struct sigaction	 sa = { .sa_handler = on_signal }, old[4];
	struct termios		 before, unseen;
	enum password_result	 result;

	if (tcgetattr(in, &before) == -1)
		return PASSWORD_NONE;
	for (size_t i = 0; i < 4; i++)
		sigaction(signals[i], &sa, &old[i]);
	unseen = before;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(in, TCSAFLUSH, &unseen);
	say(out, prompt);
	result = read_line(in, to, n);
	tcsetattr(in, TCSADRAIN, &before);
	say(out, "\n");
	for (size_t i = 0; i < 4; i++)
		sigaction(signals[i], &old[i], NULL);
	if (caught != 0)
		raise(caught);
	return result;
}

enum password_result
password_read(int in, int out, char *to, size_t *n)
{
	char			 again[PASSWORD_MAX];
	size_t			 n_again;
	enum password_result	 result;

	if (!isatty(in))
		return read_line(in, to, n);
	result = read_unseen(in, out, "Password: ", to, n);
	if (result != PASSWORD_OK)
		return result;
	result = read_unseen(in, out, "The same again: ", again, &n_again);
	if (result == PASSWORD_NONE)
		return result;
	if (!str_equal(str_bytes(to, *n), str_bytes(again, n_again)))
		result = PASSWORD_DIFFERS;
	sodium_memzero(again, sizeof(again));
	return result;
}

/* ---- the entry --------------------------------------------------------- */

static bool
is_writable(struct str user)
{
	for (size_t i = 0; i < user.n; i++)
		if ((unsigned char)user.p[i] < ' ' || user.p[i] == 0x7f ||
		    user.p[i] == '"')
			return false;
	return user.n != 0 && user.n <= ACCOUNT_MAX;
}

/* As postern.conf(5) has the keys of tables. */
static bool
needs_quotes(struct str user)
{
	return user.p[0] == '#' || user.p[0] == '[' ||
	    memchr(user.p, ':', user.n) != NULL ||
	    memchr(user.p, ' ', user.n) != NULL;
}

static int
make_hash(struct str password, char hash[crypto_pwhash_STRBYTES])
{
	if (sodium_init() == -1)
		return -1;
	return crypto_pwhash_str_alg(hash, password.p, password.n,
	    PASSWORD_PASSES, PASSWORD_OCTETS, crypto_pwhash_ALG_ARGON2ID13);
}

static void
join(char line[PASSWORD_LINE_MAX], struct str user, const char *hash)
{
	const char	*quote = needs_quotes(user) ? "\"" : "";

	snprintf(line, PASSWORD_LINE_MAX, "%s%.*s%s:%s", quote, STR_FMT(user),
	    quote, hash);
}

int
password_line(struct str user, struct str password,
    char line[PASSWORD_LINE_MAX])
{
	char	 hash[crypto_pwhash_STRBYTES];

	if (!is_writable(user) || make_hash(password, hash) == -1)
		return -1;
	join(line, user, hash);
	return 0;
}

/* ---- the command ------------------------------------------------------- */

static const char *const	 faults[] = {
	[PASSWORD_OK] = "",
	[PASSWORD_EMPTY] = "an empty password lets everybody in",
	[PASSWORD_TOO_LONG] = "the password is too long",
	[PASSWORD_DIFFERS] = "the two are not the same",
	[PASSWORD_NONE] = "no password was given",
};

static void
show(const char *user, const char *line, bool json)
{
	json_t	*object;

	if (!json) {
		puts(line);
		return;
	}
	object = json_pack("{s:s, s:s}", "user", user, "line", line);
	if (object == NULL)
		errx(EX_DATAERR, "%s: not UTF-8", user);
	json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(object);
}

int
password_command(const char *user, bool json)
{
	char			 password[PASSWORD_MAX];
	char			 line[PASSWORD_LINE_MAX];
	enum password_result	 result;
	size_t			 n;
	int			 r;

	if (!is_writable(str_of(user)))
		errx(EX_DATAERR, "%s: no name for a user", user);
	result = password_read(STDIN_FILENO, STDERR_FILENO, password, &n);
	if (result != PASSWORD_OK) {
		sodium_memzero(password, sizeof(password));
		errx(EX_DATAERR, "%s", faults[result]);
	}
	r = password_line(str_of(user), str_bytes(password, n), line);
	sodium_memzero(password, sizeof(password));
	if (r == -1)
		errx(EX_OSERR, "no memory for the hash");
	show(user, line, json);
	return EX_OK;
}
