/*
 * See expect.h.  A recipient's results and a message's marks are numbered as
 * they are asked for: what is found must be one of them, and none older than
 * the last that was acknowledged.
 */
#include "expect.h"

#include <stdio.h>
#include <string.h>

#define BODY_SIZE	(1u << 20)
#define ID_MARK		0xc7

/* n asked for, the first kept of them acknowledged; value[0] is before all */
struct series {
	unsigned	 n, kept;
	bool		 value[RESULTS_MAX];
};

struct promise {
	bool		 asked, stored, refused, ending, ended;
	size_t		 size;
	struct series	 rcpt[RCPTS_AT_MOST], hold, warn, route;
};

static struct promise	 promises[MESSAGES_MAX];
static unsigned		 n_notes;

/* --- what the messages are --- */

struct msgid
expect_id(unsigned message)
{
	struct msgid	 id = { { ID_MARK } };

	id.b[5] = (uint8_t)message;
	return id;
}

unsigned
expect_number(const struct msgid *id)
{
	struct msgid	 own = expect_id(id->b[5]);

	return msgid_equal(id, &own) && id->b[5] < MESSAGES_MAX ? id->b[5] :
	    MESSAGES_MAX;
}

unsigned
expect_rcpts(unsigned message)
{
	return 1 + message % RCPTS_AT_MOST;
}

struct envelope
expect_envelope(unsigned message)
{
	static char		 text[1 + RCPTS_AT_MOST][40];
	static struct recipient	 rcpts[RCPTS_AT_MOST];
	struct envelope		 e = { .id = expect_id(message),
	    .arrived = 1000 + message, .rcpts = rcpts,
	    .n_rcpts = expect_rcpts(message) };

	snprintf(text[0], sizeof(text[0]), "from%u@example.net", message);
	e.sender = str_of(text[0]);
	for (unsigned r = 0; r < e.n_rcpts; r++) {
		snprintf(text[1 + r], sizeof(text[0]), "to%u-%u@example.org",
		    message, r);
		rcpts[r] = (struct recipient){ .address = str_of(text[1 + r]),
		    .notify = r != 0 ? NOTIFY_NEVER : 0 };
	}
	return e;
}

struct str
expect_header(unsigned message)
{
	static char	 text[40];

	snprintf(text, sizeof(text), "Subject: number %u\r\n\r\n", message);
	return str_of(text);
}

struct str
expect_body(unsigned message, size_t n)
{
	static char	 text[BODY_SIZE];

	for (size_t i = 0; i < n; i++)
		text[i] = (char)('!' + ((i + i / 64 + message * 7) & 63));
	return str_bytes(text, n);
}

struct spool_rcpt
expect_result(unsigned message, unsigned rcpt, unsigned nth, bool done)
{
	static char	 code[16], reply[40];

	snprintf(code, sizeof(code), "%u.0.%u", done ? 2 : 4, nth);
	snprintf(reply, sizeof(reply), "attempt %u of %u for %u", nth,
	    message, rcpt);
	return (struct spool_rcpt){ .index = (uint16_t)rcpt,
	    .state = done ? SPOOL_DONE : SPOOL_WAITING, .tries = nth,
	    .next_try = 5000 + nth * 100 + message, .code = str_of(code),
	    .reply = str_of(reply) };
}

struct str
expect_via(unsigned message)
{
	static char	 text[40];

	snprintf(text, sizeof(text), "smtp://via%u.example", message);
	return str_of(text);
}

bool
expect_is_envelope(const struct envelope *e, unsigned message)
{
	struct envelope	 own = expect_envelope(message);
	bool		 same;

	same = e->arrived == own.arrived && str_equal(e->sender, own.sender) &&
	    e->n_rcpts == own.n_rcpts;
	for (size_t r = 0; same && r < own.n_rcpts; r++)
		same = str_equal(e->rcpts[r].address, own.rcpts[r].address) &&
		    e->rcpts[r].notify == own.rcpts[r].notify;
	return same;
}

bool
expect_is_result(const struct spool_rcpt *s, unsigned message, unsigned rcpt)
{
	struct spool_rcpt	 own;

	if (s->tries == 0)
		return s->state == SPOOL_WAITING && s->reply.n == 0;
	own = expect_result(message, rcpt, s->tries, s->state == SPOOL_DONE);
	return s->index == rcpt && s->next_try == own.next_try &&
	    str_equal(s->code, own.code) && str_equal(s->reply, own.reply);
}

/* --- what has been promised --- */

void
expect_init(void)
{
	memset(promises, 0, sizeof(promises));
	files_init();
	n_notes = 0;
}

static void
series_ask(struct series *s, const struct note *n)
{
	s->n = n->nth;
	s->value[n->nth] = n->value != 0;
}

/* it is so now, whatever was asked for */
static void
series_settle(struct series *s, unsigned nth, bool value)
{
	s->n = s->kept = nth;
	s->value[nth] = value;
}

static void
note_found(struct promise *p, const struct note *n)
{
	p->asked = p->stored = true;
	p->ending = p->ended = false;
	for (unsigned r = 0; r < RCPTS_AT_MOST; r++)
		series_settle(&p->rcpt[r], n->tries[r], n->done[r] != 0);
	series_settle(&p->hold, 0, n->held != 0);
	series_settle(&p->warn, 0, n->warned != 0);
	series_settle(&p->route, 0, n->routed != 0);
}

static void
note_message(struct promise *p, const struct note *n)
{
	switch (n->kind) {
	case NOTE_STORE:
		*p = (struct promise){ .asked = true, .size = n->value };
		break;
	case NOTE_STORED:
		p->stored = true;
		break;
	case NOTE_REFUSED:
		p->refused = true;
		break;
	case NOTE_END:
		p->ending = true;
		break;
	case NOTE_ENDED:
		p->ended = true;
		break;
	case NOTE_FOUND:
		note_found(p, n);
		break;
	case NOTE_ABSENT:
		*p = (struct promise){ 0 };
		break;
	default:
		break;
	}
}

void
expect_note(const struct note *n)
{
	struct promise	*p = &promises[n->message];

	n_notes++;
	switch (n->kind) {
	case NOTE_RESULT:
		series_ask(&p->rcpt[n->rcpt], n);
		break;
	case NOTE_RESULT_KEPT:
		p->rcpt[n->rcpt].kept = n->nth;
		break;
	case NOTE_HOLD:
		series_ask(&p->hold, n);
		break;
	case NOTE_HOLD_KEPT:
		p->hold.kept = n->nth;
		break;
	case NOTE_WARN:
		series_ask(&p->warn, n);
		break;
	case NOTE_WARN_KEPT:
		p->warn.kept = n->nth;
		break;
	case NOTE_ROUTE:
		series_ask(&p->route, n);
		break;
	case NOTE_ROUTE_KEPT:
		p->route.kept = n->nth;
		break;
	case NOTE_FILE:
	case NOTE_FILE_KEPT:
	case NOTE_FILE_FOUND:
		files_note(n);
		break;
	default:
		note_message(p, n);
		break;
	}
}

unsigned
expect_notes(void)
{
	return n_notes;
}

unsigned
expect_next_result(unsigned message, unsigned rcpt)
{
	return promises[message].rcpt[rcpt].n + 1;
}

unsigned
expect_next_hold(unsigned message)
{
	return promises[message].hold.n + 1;
}

unsigned
expect_next_route(unsigned message)
{
	return promises[message].route.n + 1;
}

size_t
expect_size(unsigned message)
{
	return promises[message].size;
}

bool
expect_was_asked(unsigned message)
{
	return promises[message].asked;
}

bool
expect_lives(unsigned message)
{
	return promises[message].stored && !promises[message].ending;
}

/* --- whether it is kept --- */

static bool
series_has(const struct series *s, bool value)
{
	for (unsigned i = s->kept; i <= s->n; i++)
		if (s->value[i] == value)
			return true;
	return false;
}

/* NULL, or what is wrong with the states of a message that was found */
static const char *
wrong_states(const struct promise *p, const struct finding *f, unsigned m)
{
	for (unsigned r = 0; r < expect_rcpts(m); r++) {
		const struct series	*s = &p->rcpt[r];
		unsigned		 nth = f->rcpt[r].tries;

		if (!f->rcpt[r].true_words)
			return "has a result that is not its own";
		if (nth < s->kept)
			return "has forgotten a result";
		if (nth > s->n || s->value[nth] != f->rcpt[r].done)
			return "has a result that nobody reported";
	}
	if (!series_has(&p->hold, f->held))
		return "is held, or not held, wrongly";
	if (!series_has(&p->warn, f->warned))
		return "is wrong about a warning";
	if (!f->true_way)
		return "has a way that nobody chose";
	if (!series_has(&p->route, f->routed))
		return "goes its usual way, or another, wrongly";
	return NULL;
}

static const char *
wrong(const struct promise *p, const struct finding *f, unsigned m)
{
	bool	 must_be = p->stored && !p->ending;

	if (f->found == 0)
		return must_be ? "was acknowledged and is lost" : NULL;
	if (f->found > 1)
		return "is there more than once";
	if (!p->asked)
		return "is there and should not be";
	if (p->refused)
		return "was refused and is there";
	if (p->ended)
		return "has ended and is there";
	if (!f->whole)
		return "is not whole";
	return wrong_states(p, f, m);
}

int
expect_check(const struct findings *all, char *why, size_t size)
{
	const char	*what;

	for (unsigned m = 0; m < MESSAGES_MAX; m++) {
		what = wrong(&promises[m], &all->of[m], m);
		if (what == NULL)
			continue;
		snprintf(why, size, "message %u %s", m, what);
		return -1;
	}
	return files_check(all->files, why, size);
}
