/*
 * Filters from words to the structure that queued takes.
 */
#include "filter.h"

#include <ctype.h>
#include <err.h>
#include <string.h>
#include <sysexits.h>

#include "units.h"

static const struct {
	const char	*name;
	uint8_t		 bit;
} states[] = {
	{ "active", STATE_ACTIVE }, { "waiting", STATE_WAITING },
	{ "deferred", STATE_DEFERRED }, { "held", STATE_HELD },
};

static uint8_t
state(const char *word, const char *s)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(s, states[i].name) == 0)
			return states[i].bit;
	errx(EX_USAGE, "%s: a state is active, waiting, deferred or held",
	    word);
}

/* The value of word if it is KEY and then the operator; else NULL. */
static const char *
value(const char *word, const char *key, char operator)
{
	size_t	 n = strlen(key);

	return strncmp(word, key, n) == 0 && word[n] == operator ?
	    word + n + 1 : NULL;
}

static bool
text_word(struct queue_filter *f, const char *word)
{
	const struct {
		const char	*key;
		char		 operator;
		struct str	*to;
		size_t		 max;
	} texts[] = {
		{ "from", '=', &f->sender, ADDRESS_MAX },
		{ "to", '=', &f->rcpt, ADDRESS_MAX },
		{ "domain", '=', &f->domain, DOMAIN_MAX },
		{ "route", '=', &f->route, DOMAIN_MAX },
		{ "reply", '~', &f->reply, NAME_MAX_LEN },
		{ "id", '=', &f->id, NAME_MAX_LEN },
	};
	const char	*v;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		v = value(word, texts[i].key, texts[i].operator);
		if (v == NULL)
			continue;
		*texts[i].to = str_of(v);
		if (texts[i].to->n == 0 || texts[i].to->n > texts[i].max)
			errx(EX_USAGE, "%s: 1 to %zu characters", word,
			    texts[i].max);
		return true;
	}
	return false;
}

static bool
number_word(struct queue_filter *f, const char *word)
{
	const struct {
		const char		*key;
		char			 operator;
		uint64_t		*to;
		const struct unit	*units;
	} numbers[] = {
		{ "age", '>', &f->older_s, unit_time },
		{ "age", '<', &f->younger_s, unit_time },
		{ "size", '>', &f->larger, unit_size },
		{ "size", '<', &f->smaller, unit_size },
	};
	const char	*v;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		v = value(word, numbers[i].key, numbers[i].operator);
		if (v == NULL)
			continue;
		*numbers[i].to = unit_number(word, v, numbers[i].units);
		return true;
	}
	return false;
}

static bool
is_id(const char *word)
{
	size_t	 n = strlen(word);

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)word[i]))
			return false;
	return n >= 1 && n <= MSGID_TEXT_LEN;
}

int
filter_parse(struct queue_filter *f, char **words, int n)
{
	const char	*v;

	*f = (struct queue_filter){ .id = STR_NONE };
	for (int i = 0; i < n; i++) {
		if (strcmp(words[i], "all") == 0 || text_word(f, words[i]) ||
		    number_word(f, words[i]))
			continue;
		if ((v = value(words[i], "state", '=')) != NULL)
			f->states |= state(words[i], v);
		else if (is_id(words[i]))
			f->id = str_of(words[i]);
		else
			errx(EX_USAGE, "%s: not a filter; see posternctl(8)",
			    words[i]);
	}
	return n;
}
