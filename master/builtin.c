/*
 * `postern -b DIRECTORY`.
 */
#include "builtin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "builtin_files.h"
#include "dirs.h"
#include "bounds.h"
#include "log.h"
#include "messages.h"

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
    "table users file \"%1$s/users\";\n"
    "listen mx { address 127.0.0.1; port %3$s; }\n"
    "listen submission { address 127.0.0.1; port %6$s; auth users; }\n"
    "listen submissions { address 127.0.0.1; port %7$s; auth users; }\n"
    "listen local { socket \"%1$s/submit\"; }\n"
    "domain example.org {\n"
    "	recipients recipients;\n"
    "	deliver maildir \"%1$s/mail/%%{user}\" as %5$d:%5$d;\n"
    "}\n"
    "domain mail.example.org {\n"
    "	recipients recipients;\n"
    "	deliver maildir \"%1$s/mail/%%{user}\" as %5$d:%5$d;\n"
    "}\n"
    "route * { via smtp://%4$s; }\n"
    "allow-loopback yes;\n";

static char		 dir[FILE_NAME_MAX + 1];
static const char	*relay, *programs;

/* where it listens, by names in the environment */
enum { MX, SUBMISSION, SUBMISSIONS };
static struct {
	const char	*name, *port;
} ports[] = {
	[MX] = { "PORT_MX", "2525" },
	[SUBMISSION] = { "PORT_SUBMISSION", "2587" },
	[SUBMISSIONS] = { "PORT_SUBMISSIONS", "2465" },
};

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

static int
read_settings(void)
{
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		ports[i].port = setting(ports[i].name, ports[i].port);
		if (!is_plain(ports[i].name, ports[i].port, "0123456789"))
			return -1;
	}
	relay = setting("RELAY", DEFAULT_RELAY);
	return is_plain("RELAY", relay, PLAIN_HOST) ? 0 : -1;
}

int
builtin_prepare(const char *run_dir, const char *program_dir, bool debug,
    struct buf *text)
{
	programs = program_dir;
	if (read_settings() == -1)
		return EX_USAGE;
	if (make_dir(run_dir) == -1 || builtin_files_make(dir, MAIL_UID) == -1)
		return EX_CANTCREAT;
	if (buf_printf(text, conf_text, dir, debug ? "debug" : "info",
	    ports[MX].port, relay, MAIL_UID, ports[SUBMISSION].port,
	    ports[SUBMISSIONS].port) == -1) {
		log_error("%s: the name is too long", dir);
		return EX_CANTCREAT;
	}
	return EX_OK;
}

/* The second does as a mail program does. */
void
builtin_announce(void)
{
	const char	*password = builtin_password();

	if (password == NULL)
		password = "PASSWORD";
	printf("\nListening on 127.0.0.1:%s for example.org (alice, "
	    "postmaster), on %s (STARTTLS) and\n%s (TLS) for alice with the "
	    "password %s; other mail goes to\n%s.\n"
	    "Send one:\n"
	    "  python3 -c 'import smtplib; smtplib.SMTP(\"127.0.0.1\", %s)"
	    ".sendmail(\"you@example.net\", [\"alice@example.org\"], "
	    "\"Subject: hello\\r\\n\\r\\nIt works.\\r\\n\")'\n"
	    "  swaks --server 127.0.0.1:%s --tls --auth PLAIN --auth-user "
	    "alice --auth-password %s --from alice@example.org --to "
	    "you@example.net\n",
	    ports[MX].port, ports[SUBMISSION].port, ports[SUBMISSIONS].port,
	    password, relay, ports[MX].port, ports[SUBMISSION].port, password);
	printf("See what waits:\n"
	    "  '%s/posternctl' -s '%s/control' queue\n"
	    "Read it in '%s/mail/alice'; end with Ctrl-C.\n\n",
	    programs, dir, dir);
	fflush(stdout);
}
