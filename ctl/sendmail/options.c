/*
 * Options by getopt, in the form that sendmail has always had: single
 * letters, their arguments behind them or in the next word, "--" or the
 * first address ending them.  The rest of the line is addresses even if it
 * begins with "-", so that nobody's address turns into an option.
 */
#include "options.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "config.h"

#include "bounds.h"

#define OPTION_LETTERS	"+7A:B:C:D:EF:GIL:M:N:O:R:UV:X:b:d::e:f:h:imno:p:" \
			"q::r:tvx"
/* what other programs pass and what has no meaning here */
#define IGNORED		"7ACDEGLMUXdehmnpx"

static int
wrong(const char *option, const char *value, const char *expected)
{
	warnx("%s %s: %s", option, value, expected);
	return EX_USAGE;
}

static int
take_mode(struct options *o, const char *value)
{
	static const struct {
		char		letter;
		enum mode	mode;
	} modes[] = {
		{ 'm', MODE_MAIL }, { 's', MODE_SMTP }, { 'p', MODE_QUEUE },
		{ 'i', MODE_ALIASES }
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (value[0] == modes[i].letter) {
			o->mode = modes[i].mode;
			return 0;
		}
	return wrong("-b", value,
	    "only m, s, p and i are known; the daemon is postern(8)");
}

static int
take_body(const char *value)
{
	/* what the message really is, is seen when it is read */
	if (strcasecmp(value, "7BIT") == 0 ||
	    strcasecmp(value, "8BITMIME") == 0)
		return 0;
	return wrong("-B", value, "7BIT or 8BITMIME expected");
}

/* Adds the word's keyword to the list; -1 if there is none or no room. */
static int
add_notify(char to[NOTIFY_MAX], const char *word, size_t n)
{
	static const char *const words[] = { "SUCCESS", "FAILURE", "DELAY" };
	size_t			 len = strlen(to);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i]) != n ||
		    strncasecmp(words[i], word, n) != 0)
			continue;
		if (len + 1 + n >= NOTIFY_MAX)
			return -1;
		if (len != 0)
			to[len++] = ',';
		memcpy(to + len, words[i], n + 1);
		return 0;
	}
	return -1;
}

/* RFC 3461 4.1: "never" alone, or some of the others */
static int
take_notify(struct options *o, const char *value)
{
	const char	*word = value;
	size_t		 n;

	o->notify[0] = '\0';
	if (strcasecmp(value, "never") == 0) {
		memcpy(o->notify, "NEVER", sizeof("NEVER"));
		return 0;
	}
	do {
		n = strcspn(word, ",");
		if (add_notify(o->notify, word, n) == -1)
			return wrong("-N", value, "never, or success, "
			    "failure and delay with commas, expected");
		word += n;
	} while (*word++ == ',');
	return 0;
}

static int
take_ret(struct options *o, const char *value)
{
	if (strcasecmp(value, "full") == 0)
		o->ret = "FULL";
	else if (strcasecmp(value, "hdrs") == 0)
		o->ret = "HDRS";
	else
		return wrong("-R", value, "full or hdrs expected");
	return 0;
}

static int
take_envid(struct options *o, const char *value)
{
	size_t	 n = strlen(value);

	/* RFC 3461 4.4 */
	if (n == 0 || n > ENVID_MAX)
		return wrong("-V", value, "1 to 100 characters expected");
	o->envid = value;
	return 0;
}

/* "-O Name=value": two names are ours, all others are passed over. */
static int
take_long(struct options *o, const char *value)
{
	char	*end;
	long	 n;

	if (strncasecmp(value, "Socket=", 7) == 0)
		o->socket = value + 7;
	if (strncasecmp(value, "Wait=", 5) != 0)
		return 0;
	n = strtol(value + 5, &end, 10);
	if (end == value + 5 || *end != '\0' || n < 0 || n > WAIT_S_MAX)
		return wrong("-O", value, "seconds, 0 to 3600, expected");
	o->wait_s = (unsigned)n;
	return 0;
}

static int
take_option(struct options *o, int letter, const char *value)
{
	switch (letter) {
	case 'B':
		return take_body(value);
	case 'F':
		o->name = value;
		break;
	case 'I':
		o->mode = MODE_ALIASES;
		break;
	case 'N':
		return take_notify(o, value);
	case 'O':
		return take_long(o, value);
	case 'R':
		return take_ret(o, value);
	case 'V':
		return take_envid(o, value);
	case 'b':
		return take_mode(o, value);
	case 'f':
	case 'r':
		o->sender = value;
		break;
	case 'i':
		o->ignore_dots = true;
		break;
	case 'o':
		if (strcmp(value, "i") == 0)
			o->ignore_dots = true;
		break;
	case 'q':
		o->mode = MODE_RUN_QUEUE;
		break;
	case 't':
		o->from_header = true;
		break;
	case 'v':
		o->verbose = true;
		break;
	default:
		return strchr(IGNORED, letter) != NULL ? 0 : EX_USAGE;
	}
	return 0;
}

static enum mode
mode_by_name(const char *path)
{
	const char	*slash = strrchr(path, '/');
	const char	*name = slash != NULL ? slash + 1 : path;

	if (strcmp(name, "mailq") == 0)
		return MODE_QUEUE;
	if (strcmp(name, "newaliases") == 0)
		return MODE_ALIASES;
	return MODE_MAIL;
}

int
options_parse(struct options *o, int argc, char **argv)
{
	const char	*socket = getenv("POSTERN_SUBMIT");
	int		 letter, code;

	*o = (struct options){
		.mode = argc > 0 ? mode_by_name(argv[0]) : MODE_MAIL,
		.socket = socket != NULL ? socket : POSTERN_SUBMIT,
		.wait_s = WAIT_S,
	};
	optind = 0;	/* glibc: begin anew, also in a test */
	while ((letter = getopt(argc, argv, OPTION_LETTERS)) != -1)
		if ((code = take_option(o, letter, optarg)) != 0)
			return code;
	o->rcpts = argv + optind;
	if (o->mode == MODE_MAIL && !o->from_header && *o->rcpts == NULL) {
		warnx("to whom?  Name a recipient, or -t");
		return EX_USAGE;
	}
	return 0;
}
