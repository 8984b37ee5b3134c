/*
 * Message identities: made at random, written in base 32 (the digits and the
 * letters without i, l, o and u, which are misread or spell words).
 */
#include "msgid.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

static const char	 alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

void
msgid_new(struct msgid *id)
{
	randombytes_buf(id->b, sizeof(id->b));
}

/* bits n*5 to n*5+4; the two after the last are zero */
static unsigned
digit(const struct msgid *id, size_t n)
{
	size_t		 bit = n * 5, i = bit / 8;
	unsigned	 two = (unsigned)id->b[i] << 8;

	if (i + 1 < MSGID_LEN)
		two |= id->b[i + 1];
	return two >> (11 - bit % 8) & 31;
}

const char *
msgid_text(const struct msgid *id)
{
	static char	 texts[4][MSGID_TEXT_LEN + 1];
	static unsigned	 next;
	char		*text = texts[next++ % 4];

	for (size_t n = 0; n < MSGID_TEXT_LEN; n++)
		text[n] = alphabet[digit(id, n)];
	text[MSGID_TEXT_LEN] = '\0';
	return text;
}

int
msgid_parse(struct msgid *id, struct str text)
{
	struct msgid	 made = { { 0 } };

	if (text.n != MSGID_TEXT_LEN)
		return -1;
	for (size_t n = 0; n < text.n; n++) {
		char		 c = text.p[n] >= 'A' && text.p[n] <= 'Z' ?
		    (char)(text.p[n] | 0x20) : text.p[n];
		const char	*at = c != '\0' ? strchr(alphabet, c) : NULL;
		size_t		 bit = n * 5;
		unsigned	 two;

		if (at == NULL)
			return -1;
		two = (unsigned)(at - alphabet) << (11 - bit % 8);
		made.b[bit / 8] |= (uint8_t)(two >> 8);
		if (bit / 8 + 1 < MSGID_LEN)
			made.b[bit / 8 + 1] |= (uint8_t)two;
		else if ((two & 0xff) != 0)
			return -1;	/* more than 128 bits */
	}
	*id = made;
	return 0;
}

bool
msgid_has_prefix(const struct msgid *id, struct str prefix)
{
	return prefix.n <= MSGID_TEXT_LEN &&
	    strncasecmp(msgid_text(id), prefix.p, prefix.n) == 0;
}

bool
msgid_equal(const struct msgid *a, const struct msgid *b)
{
	return memcmp(a->b, b->b, MSGID_LEN) == 0;
}
