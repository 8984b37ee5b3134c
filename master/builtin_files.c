/*
 * Makes files that are not there.
 */
#include "builtin_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "bounds.h"
#include "dirs.h"
#include "log.h"

#define PATH_LEN	(FILE_NAME_MAX + 32)
#define PASSWORD_LEN	16	/* of 31 letters each: 79 bits */

/* none that look like another */
static const char	 letters[] = "abcdefghjkmnpqrstuvwxyz23456789";

static const char	 recipients_text[] =
    "# who has a mailbox at example.org\n"
    "alice\n"
    "postmaster\n"
    "root\n";

static char	 password[PASSWORD_LEN + 1];

const char *
builtin_password(void)
{
	return *password != '\0' ? password : NULL;
}

static int
fail(const char *path)
{
	log_error("%s: %s", path, strerror(errno));
	return -1;
}

/* A new file; one that is there is left alone. */
static int
write_new(const char *path, mode_t mode, const char *text)
{
	size_t	 n = strlen(text);
	int	 fd, r = 0;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd == -1)
		return errno == EEXIST ? 0 : fail(path);
	errno = EIO;
	if (write(fd, text, n) != (ssize_t)n)
		r = fail(path);
	close(fd);
	return r;
}

/* One that was noted before; false: there is none. */
static bool
read_password(const char *path)
{
	int	 fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t	 n = -1;

	if (fd != -1) {
		n = read(fd, password, PASSWORD_LEN);
		close(fd);
	}
	if (n == PASSWORD_LEN && strspn(password, letters) == PASSWORD_LEN)
		return true;
	*password = '\0';
	return false;
}

static int
draw_password(const char *path)
{
	char	 line[PASSWORD_LEN + 2];

	for (size_t i = 0; i < PASSWORD_LEN; i++)
		password[i] = letters[randombytes_uniform(
		    sizeof(letters) - 1)];
	password[PASSWORD_LEN] = '\0';
	unlink(path);
	snprintf(line, sizeof(line), "%s\n", password);
	return write_new(path, 0600, line);
}

static int
make_users(const char *dir)
{
	char	 users[PATH_LEN], noted[PATH_LEN];
	char	 hash[crypto_pwhash_STRBYTES];
	char	 text[sizeof(hash) + sizeof("alice:\n")];

	snprintf(users, sizeof(users), "%s/users", dir);
	snprintf(noted, sizeof(noted), "%s/password", dir);
	if (access(users, F_OK) == 0) {
		read_password(noted);
		return 0;
	}
	if (sodium_init() == -1 ||
	    (!read_password(noted) && draw_password(noted) == -1) ||
	    crypto_pwhash_str(hash, password, strlen(password),
	    crypto_pwhash_OPSLIMIT_INTERACTIVE,
	    crypto_pwhash_MEMLIMIT_INTERACTIVE) == -1) {
		log_error("%s: no password can be made", users);
		return -1;
	}
	snprintf(text, sizeof(text), "alice:%s\n", hash);
	return write_new(users, 0600, text);
}

int
builtin_files_make(const char *dir, uid_t uid)
{
	char	 path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/mail", dir);
	if (dirs_one(path, 0755, uid, uid) == -1)
		return -1;
	snprintf(path, sizeof(path), "%s/recipients", dir);
	if (write_new(path, 0644, recipients_text) == -1)
		return -1;
	return make_users(dir);
}
