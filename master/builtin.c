/*
 * `postern -b DIRECTORY`.
 */
#include "builtin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "dirs.h"
#include "bounds.h"
#include "log.h"
#include "messages.h"

#define DEFAULT_PORT	"2525"
#define DEFAULT_RELAY	"127.0.0.1:2526"
/* whom the mailboxes belong to; need not be in passwd(5) */
#define MAIL_UID	5300

/* may stand unquoted in a configuration */
#define PLAIN		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
			"0123456789"
#define PLAIN_HOST	PLAIN ".:[]-"

static const char	 conf_text[] =
    "hostname mail.example.org;\n"
    "postmaster postmaster@example.org;\n"
    "run-directory \"%1$s\";\n"
    "control { socket \"%1$s/control\"; }\n"
    "spool { directory \"%1$s/spool\"; segment-size 16m; reserve 64m; }\n"
    "log { level %2$s; }\n"
    "table recipients file \"%1$s/recipients\";\n"
    "listen mx { address 127.0.0.1; port %3$s; }\n"
    "listen local { socket \"%1$s/submit\"; }\n"
    "domain example.org {\n"
    "	recipients recipients;\n"
    "	deliver maildir \"%1$s/mail/%%{user}\" as %5$d:%5$d;\n"
    "}\n"
    "route * { via smtp://%4$s; }\n"
    "allow-loopback yes;\n";

static const char	 recipients_text[] =
    "# who has a mailbox at example.org\n"
    "alice\n"
    "postmaster\n";

static char		 dir[FILE_NAME_MAX + 1];
static const char	*port, *relay, *programs;

const char *
builtin_dir(void)
{
	return dir;
}

static const char *
setting(const char *name, const char *otherwise)
{
	const char	*value = getenv(name);

	return value != NULL && *value != '\0' ? value : otherwise;
}

static int
is_plain(const char *what, const char *value, const char *allowed)
{
	if (value[strspn(value, allowed)] == '\0')
		return 1;
	log_error("%s: \"%s\" has characters in it that it may not have",
	    what, value);
	return 0;
}

/* It stands in double quotes in a configuration, in single ones for a shell. */
static int
may_be_quoted(const char *path)
{
	for (const char *p = path; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f ||
		    strchr("\"'\\%", *p) != NULL) {
			log_error("%s: a name with a quote, a backslash, a "
			    "percent sign or a control character in it cannot "
			    "be used", log_text(str_of(path)));
			return 0;
		}
	return 1;
}

static int
make_dir(const char *run_dir)
{
	char	*real;

	if (dirs_one(run_dir, 0755, 0, 0) == -1)
		return -1;
	if ((real = realpath(run_dir, NULL)) == NULL ||
	    strlen(real) >= sizeof(dir)) {
		log_error("%s: %s", run_dir, strerror(errno));
		free(real);
		return -1;
	}
	memcpy(dir, real, strlen(real) + 1);
	free(real);
	return may_be_quoted(dir) ? 0 : -1;
}

/* A list that was edited stays as it is. */
static int
make_recipients(void)
{
	const ssize_t	 len = sizeof(recipients_text) - 1;
	char		 path[FILE_NAME_MAX + 32];
	int		 fd, r;

	snprintf(path, sizeof(path), "%s/recipients", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1)
		r = errno == EEXIST ? 0 : -1;
	else {
		r = write(fd, recipients_text, (size_t)len) == len ? 0 : -1;
		close(fd);
	}
	if (r == -1)
		log_error("%s: %s", path, strerror(errno));
	return r;
}

static int
make_files(void)
{
	char	 path[FILE_NAME_MAX + 32];

	snprintf(path, sizeof(path), "%s/mail", dir);
	if (dirs_one(path, 0755, MAIL_UID, MAIL_UID) == -1)
		return -1;
	return make_recipients();
}

int
builtin_prepare(const char *run_dir, const char *program_dir, bool debug,
    struct buf *text)
{
	port = setting("PORT_MX", DEFAULT_PORT);
	relay = setting("RELAY", DEFAULT_RELAY);
	programs = program_dir;
	if (!is_plain("PORT_MX", port, "0123456789") ||
	    !is_plain("RELAY", relay, PLAIN_HOST))
		return EX_USAGE;
	if (make_dir(run_dir) == -1 || make_files() == -1)
		return EX_CANTCREAT;
	if (buf_printf(text, conf_text, dir, debug ? "debug" : "info", port,
	    relay, MAIL_UID) == -1) {
		log_error("%s: the name is too long", dir);
		return EX_CANTCREAT;
	}
	return EX_OK;
}

void
builtin_announce(void)
{
	printf("\nListening on 127.0.0.1:%s for example.org (alice, "
	    "postmaster); other mail goes to %s.\n"
	    "Send one:\n"
	    "  python3 -c 'import smtplib; smtplib.SMTP(\"127.0.0.1\", %s)"
	    ".sendmail(\"you@example.net\", [\"alice@example.org\"], "
	    "\"Subject: hello\\r\\n\\r\\nIt works.\\r\\n\")'\n"
	    "See what waits:\n"
	    "  '%s/posternctl' -s '%s/control' queue\n"
	    "Read it in '%s/mail/alice'; end with Ctrl-C.\n\n",
	    port, relay, port, programs, dir, dir);
	fflush(stdout);
}
