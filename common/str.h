/*
 * Bytes by pointer and length.  Everything that came from outside is a
 * struct str: it is borrowed, may hold any octet and ends with nothing.
 */
#ifndef STR_H
#define STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct str {
	const char	*p;
	size_t		 n;
};

/* A string literal as a struct str, also in static initialisers. */
#define STR(literal)	{ (literal), sizeof(literal) - 1 }
#define STR_NONE	((struct str){ NULL, 0 })

/* for "%.*s"; the length of anything that is logged has a maximum */
#define STR_FMT(s)	(int)(s).n, (s).n != 0 ? (s).p : ""

static inline struct str
str_of(const char *cstr)
{
	return (struct str){ cstr, cstr != NULL ? strlen(cstr) : 0 };
}

static inline struct str
str_bytes(const void *p, size_t n)
{
	return (struct str){ p, n };
}

static inline bool
str_equal(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII case only, as SMTP verbs and domains want it */
static inline bool
str_equal_nocase(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static inline bool
str_starts_nocase(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 ||
	    strncasecmp(s.p, prefix.p, prefix.n) == 0);
}

/* no octet beyond 127 */
static inline bool
str_is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

/*
 * A decimal number of one to so many digits (19 at most: it cannot overflow),
 * and nothing else; 0, or -1 when it is none.
 */
static inline int
str_number(struct str s, size_t digits, uint64_t *number)
{
	uint64_t	 v = 0;

	if (s.n == 0 || s.n > digits)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*number = v;
	return 0;
}

/* s without its first n octets; all of them if it is shorter */
static inline struct str
str_skip(struct str s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return (struct str){ s.n != 0 ? s.p + n : s.p, s.n - n };
}

#endif
