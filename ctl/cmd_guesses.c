/*
 * guesses, forgive: who has said too many wrong passwords.
 */
#include <err.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"

#include "commands.h"
#include "complain.h"
#include "link.h"
#include "text.h"

static int
guesses_status(enum guesses_result result)
{
	switch (result) {
	case GUESSES_DONE:
		return EX_OK;
	case GUESSES_DENIED:
		return complain(SHOW_DENIED, "");
	case GUESSES_NOBODY:
		warnx("wrong passwords are not counted: no listener has auth, "
		    "or the process state is just not there");
		return EX_TEMPFAIL;
	case GUESSES_RESULT_N:
		break;
	}
	return EX_PROTOCOL;
}

static json_t *
row_json(const struct guesses_row *r)
{
	return json_pack("{ss so sI sI sI sI}", "what",
	    r->is_client ? "client" : "account", "who", text_json(r->who),
	    "count", (json_int_t)r->count, "max", (json_int_t)r->max,
	    "window", (json_int_t)r->window_s, "refused",
	    (json_int_t)r->refused_at);
}

static void
row_line(const struct guesses_row *r)
{
	char	 when[TIME_SIZE], window[SPAN_SIZE];

	printf("%5u %5u %6s %-19s %-7s %s\n", r->count, r->max,
	    text_span(r->window_s, window), r->refused_at != 0 ?
	    text_time(r->refused_at, when) : "-",
	    r->is_client ? "client" : "account", log_text(r->who));
}

static void
show(const struct guesses *m, bool json)
{
	if (!json && m->n_rows != 0)
		printf("%5s %5s %6s %-19s %-7s %s\n", "WRONG", "LIMIT",
		    "WITHIN", "LAST REFUSED", "WHAT", "WHO");
	for (size_t i = 0; i < m->n_rows; i++)
		if (json)
			text_put(stdout, row_json(&m->rows[i]));
		else
			row_line(&m->rows[i]);
}

static struct str
who(const char *text)
{
	struct str	 s = str_of(text);

	if (s.n == 0 || s.n > ACCOUNT_MAX)
		errx(EX_USAGE, "the name of an account, or an address: 1 to "
		    "%d octets", ACCOUNT_MAX);
	return s;
}

int
cmd_guesses(const struct options *o, int argc, char **argv)
{
	struct guesses_ask	 m = { .forgive = false };
	const struct guesses	*answer;

	if (argc > 2)
		errx(EX_USAGE, "guesses takes one account or address, or "
		    "none");
	if (argc == 2)
		m.who = who(argv[1]);
	answer = link_guesses(&m);
	show(answer, o->json);
	return guesses_status(answer->result);
}

int
cmd_forgive(const struct options *o, int argc, char **argv)
{
	struct guesses_ask	 m = { .forgive = true };
	const struct guesses	*answer;

	if (argc != 2)
		errx(EX_USAGE, "forgive whom? an account, or an address");
	m.who = who(argv[1]);
	answer = link_guesses(&m);
	if (o->json)
		show(answer, true);
	if (answer->n_rows == 0)
		return guesses_status(answer->result);
	if (answer->rows[0].count == 0) {
		warnx("%s: no wrong password was counted", argv[1]);
		return EX_DATAERR;
	}
	if (!o->json)
		printf("%s %s: %u wrong passwords forgiven\n",
		    answer->rows[0].is_client ? "client" : "account",
		    log_text(answer->rows[0].who), answer->rows[0].count);
	return EX_OK;
}
