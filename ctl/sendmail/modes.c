/*
 * The modes: one takes a message and submits it, the others are short.
 */
#include "modes.h"

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "bounds.h"
#include "log.h"

#include "addrlist.h"
#include "compose.h"
#include "message.h"
#include "recipients.h"
#include "submit.h"
#include "through.h"

#define CALLER_MAX	(ADDR_LOCAL_MAX + 1)

/* ---- a message --------------------------------------------------------- */

static int
read_message(struct message *m, const struct options *o)
{
	switch (message_read(m, STDIN_FILENO, !o->ignore_dots)) {
	case MESSAGE_OK:
		return EX_OK;
	case MESSAGE_HEADER_TOO_LARGE:
		warnx("the header has over %d octets", HEADER_MAX);
		return EX_DATAERR;
	case MESSAGE_NOT_READ:
		warn("the message cannot be read");
		return EX_IOERR;
	case MESSAGE_NO_ROOM:
		warn("no room for the message");
		break;
	}
	return EX_TEMPFAIL;
}

static int
say_recipients(enum recipients_result r, int code, const char *where,
    struct str text)
{
	switch (r) {
	case RECIPIENTS_OK:
		return EX_OK;
	case RECIPIENTS_BAD:
		warnx("%s: not a list of addresses: %s", where,
		    log_text(text));
		return code;
	case RECIPIENTS_TOO_MANY:
		warnx("more than %d recipients", RECIPIENTS_MAX);
		break;
	}
	return EX_UNAVAILABLE;
}

static int
from_arguments(struct recipients *r, char **rcpts)
{
	struct str	 text;
	int		 code = EX_OK;

	for (; code == EX_OK && *rcpts != NULL; rcpts++) {
		text = str_of(*rcpts);
		code = say_recipients(recipients_add(r, text), EX_USAGE,
		    "recipient", text);
	}
	return code;
}

static int
from_header(struct recipients *r, const struct message *m)
{
	struct header_field	 f = { STR_NONE, STR_NONE, STR_NONE };
	enum recipients_result	 result;
	char			 name[NAME_MAX_LEN];

	result = compose_recipients(buf_str(&m->header), r, &f);
	snprintf(name, sizeof(name), "%.*s", STR_FMT(f.name));
	if (result != RECIPIENTS_OK)
		return say_recipients(result, EX_DATAERR, name, f.value);
	if (r->n != 0)
		return EX_OK;
	warnx("the header names no recipient");
	return EX_DATAERR;
}

/* RFC 5321 4.5.5: <> where nobody wants a report */
static int
take_sender(struct submission *s, const char *text,
    char store[ADDR_STORE_MAX])
{
	struct addrlist_item	 item, more;
	char			 unused[ADDR_STORE_MAX];
	struct addrlist		 l;

	s->sender = s->caller;
	if (text == NULL)
		return EX_OK;
	s->sender = (struct addr){ STR_NONE, STR_NONE };
	if (text[0] == '\0' || strcmp(text, "<>") == 0)
		return EX_OK;
	addrlist_init(&l, str_of(text));
	if (addrlist_next(&l, store, &item) != 1 ||
	    addrlist_next(&l, unused, &more) != 0) {
		warnx("-f: not an address: %s", log_text(str_of(text)));
		return EX_USAGE;
	}
	s->sender = item.addr;
	return EX_OK;
}

/* The name of an account; of one without a name, what is known of it. */
static struct addr
find_caller(char name[CALLER_MAX])
{
	const struct passwd	*pw = getpwuid(getuid());
	size_t			 n = pw != NULL ? strlen(pw->pw_name) : 0;

	if (n != 0 && n < CALLER_MAX)
		memcpy(name, pw->pw_name, n + 1);
	else
		snprintf(name, CALLER_MAX, "uid%u", (unsigned)getuid());
	return (struct addr){ str_of(name), STR_NONE };
}

static int
mail(const struct options *o)
{
	char			 name[CALLER_MAX], store[ADDR_STORE_MAX];
	struct message		 m;
	struct recipients	 r;
	struct submission	 s = { .options = o, .message = &m,
				    .recipients = &r };
	int			 code;

	message_init(&m);
	recipients_init(&r);
	s.caller = find_caller(name);
	code = take_sender(&s, o->sender, store);
	if (code == EX_OK)
		code = from_arguments(&r, o->rcpts);
	if (code == EX_OK)
		code = read_message(&m, o);
	if (code == EX_OK && o->from_header)
		code = from_header(&r, &m);
	if (code == EX_OK)
		code = submit(&s);
	message_clear(&m);
	recipients_clear(&r);
	return code;
}

/* ---- the others -------------------------------------------------------- */

static int
smtp(const struct options *o)
{
	int	 fd = submit_connect(o);

	if (fd != -1)
		return through(fd);
	warn("%s", o->socket);
	return EX_TEMPFAIL;
}

/* posternctl lies beside this program, whatever name that was called by. */
static int
queue(const struct options *o)
{
	static char	 name[] = "posternctl", word[] = "queue";
	char		*argv[] = { name, word, NULL };
	char		 path[PATH_MAX], *slash;
	ssize_t		 n;

	(void)o;
	n = readlink("/proc/self/exe", path, sizeof(path) - sizeof(name));
	if (n == -1) {
		warn("/proc/self/exe");
		return EX_OSFILE;
	}
	path[n] = '\0';
	if ((slash = strrchr(path, '/')) != NULL)
		memcpy(slash + 1, name, sizeof(name));
	execv(path, argv);
	warn("%s", path);
	return EX_OSFILE;
}

static int
aliases(const struct options *o)
{
	(void)o;
	puts("postern reads its tables itself: after a change, have it "
	    "reload them");
	return EX_OK;
}

static int
run_queue(const struct options *o)
{
	(void)o;
	puts("postern runs its queue itself: for a retry now, see posternctl "
	    "retry");
	return EX_OK;
}

int
mode_run(const struct options *o)
{
	static int	(*const modes[])(const struct options *) = {
		[MODE_MAIL] = mail,
		[MODE_SMTP] = smtp,
		[MODE_QUEUE] = queue,
		[MODE_ALIASES] = aliases,
		[MODE_RUN_QUEUE] = run_queue,
	};

	return modes[o->mode](o);
}
