/*
 * The forms of password hashes, and the bounds of their parameters.  Each is
 * taken off the front of the text piece by piece; what is left over, or does
 * not come, makes the entry a broken one.
 */
#include "auth_entry.h"

#include <sodium.h>

#define ARGON2_SALT_MIN		8	/* RFC 9106 3.1 */
#define ARGON2_SALT_MAX		64
#define ARGON2_HASH_MIN		16
#define ARGON2_HASH_MAX		64
#define SHA512_SALT_MAX		16
#define SHA512_HASH_LEN		86
#define BCRYPT_REST_LEN		53	/* salt and hash */

static const char	 malformed[] = "not of the form of its kind";
static const char	 absurd[] = "parameters out of their bounds";

/* ---- pieces ------------------------------------------------------------ */

static bool
take_text(struct str *s, const char *text)
{
	size_t	 n = strlen(text);

	if (s->n < n || memcmp(s->p, text, n) != 0)
		return false;
	*s = str_skip(*s, n);
	return true;
}

/* Digits without a leading zero, but for bcrypt; too many say UINT32_MAX. */
static bool
take_number(struct str *s, uint32_t *number)
{
	uint64_t	 x = 0;
	size_t		 n = 0;

	for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++)
		if ((x = x * 10 + (uint64_t)(s->p[n] - '0')) > UINT32_MAX)
			x = UINT32_MAX;
	*number = (uint32_t)x;
	*s = str_skip(*s, n);
	return n != 0;
}

/* Up to the next of these characters, or the end. */
static struct str
take_until(struct str *s, const char *ends)
{
	struct str	 piece = { s->p, 0 };

	while (piece.n < s->n &&
	    memchr(ends, s->p[piece.n], strlen(ends)) == NULL)
		piece.n++;
	*s = str_skip(*s, piece.n);
	return piece;
}

static bool
is_crypt_text(struct str s)
{
	static const char	 alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRST"
				    "UVWXYZabcdefghijklmnopqrstuvwxyz";

	for (size_t i = 0; i < s.n; i++)
		if (memchr(alphabet, s.p[i], sizeof(alphabet) - 1) == NULL)
			return false;
	return true;
}

static bool
decode(struct str text, int variant, uint8_t *to, size_t max, size_t *n)
{
	return text.n != 0 && sodium_base642bin(to, max, text.p, text.n, NULL,
	    n, NULL, variant) == 0;
}

static bool
within(uint32_t x, uint32_t min, uint32_t max)
{
	return x >= min && x <= max;
}

/* ---- forms ------------------------------------------------------------- */

static bool
is_argon2_octets(struct str text, size_t min, size_t max)
{
	uint8_t	 octets[ARGON2_HASH_MAX];
	size_t	 n;

	return decode(text, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
	    octets, max, &n) && n >= min;
}

static int
parse_argon2id(struct str s, struct auth_entry *e, const char **why)
{
	struct auth_cost	*c = &e->cost;
	struct str		 salt;

	c->scheme = AUTH_ARGON2ID;
	e->hash = s;
	*why = malformed;
	if (!take_text(&s, "$argon2id$v=19$m=") || !take_number(&s, &c->kib) ||
	    !take_text(&s, ",t=") || !take_number(&s, &c->passes) ||
	    !take_text(&s, ",p=") || !take_number(&s, &c->lanes) ||
	    !take_text(&s, "$"))
		return -1;
	salt = take_until(&s, "$");
	if (!is_argon2_octets(salt, ARGON2_SALT_MIN, ARGON2_SALT_MAX) ||
	    !take_text(&s, "$") ||
	    !is_argon2_octets(s, ARGON2_HASH_MIN, ARGON2_HASH_MAX))
		return -1;
	*why = absurd;
	if (!within(c->lanes, 1, ARGON2_LANES_MAX) ||
	    !within(c->kib, 8 * c->lanes, ARGON2_KIB_MAX) ||
	    !within(c->passes, 1, ARGON2_WORK_MAX / c->kib))
		return -1;
	return 0;
}

/* The parts of a verifier; the server's key is there, and not of use. */
static int
parse_scram(struct str s, const char *between, struct auth_entry *e,
    const char **why)
{
	int		 variant = sodium_base64_VARIANT_ORIGINAL;
	uint8_t		 server_key[SCRAM_KEY_LEN];
	size_t		 n, m;
	struct str	 salt, stored;
	char		 mark[2] = "";

	e->cost.scheme = AUTH_SCRAM;
	*why = malformed;
	mark[0] = between[0];
	if (!take_number(&s, &e->cost.passes) || !take_text(&s, mark))
		return -1;
	mark[0] = between[1];
	salt = take_until(&s, mark);
	if (!take_text(&s, mark))
		return -1;
	mark[0] = between[2];
	stored = take_until(&s, mark);
	if (!take_text(&s, mark) ||
	    !decode(salt, variant, e->salt, sizeof(e->salt), &e->n_salt) ||
	    !decode(stored, variant, e->stored_key, SCRAM_KEY_LEN, &n) ||
	    !decode(take_until(&s, ":"), variant, server_key, SCRAM_KEY_LEN,
	    &m) || n != SCRAM_KEY_LEN || m != SCRAM_KEY_LEN)
		return -1;
	*why = absurd;
	return within(e->cost.passes, SCRAM_ITERATIONS_MIN,
	    SCRAM_ITERATIONS_MAX) ? 0 : -1;
}

static int
parse_sha512(struct str s, struct auth_entry *e, const char **why)
{
	struct str	 salt;

	e->cost.scheme = AUTH_CRYPT;
	e->cost.kind = '6';
	e->cost.passes = SHA512_ROUNDS_USUAL;
	e->hash = s;
	*why = malformed;
	take_text(&s, "$6$");
	if (take_text(&s, "rounds=") &&
	    (!take_number(&s, &e->cost.passes) || !take_text(&s, "$")))
		return -1;
	salt = take_until(&s, "$");
	if (salt.n > SHA512_SALT_MAX || !is_crypt_text(salt) ||
	    !take_text(&s, "$") || s.n != SHA512_HASH_LEN ||
	    !is_crypt_text(s))
		return -1;
	*why = absurd;
	return within(e->cost.passes, SHA512_ROUNDS_MIN,
	    SHA512_ROUNDS_MAX) ? 0 : -1;
}

static int
parse_bcrypt(struct str s, struct auth_entry *e, const char **why)
{
	e->cost.scheme = AUTH_CRYPT;
	e->cost.kind = '2';
	e->hash = s;
	*why = malformed;
	s = str_skip(s, sizeof("$2y$") - 1);
	if (s.n < 3 || s.p[2] != '$' || !take_number(&s, &e->cost.passes) ||
	    !take_text(&s, "$") || s.n != BCRYPT_REST_LEN || !is_crypt_text(s))
		return -1;
	*why = absurd;
	return within(e->cost.passes, BCRYPT_COST_MIN, BCRYPT_COST_MAX) ?
	    0 : -1;
}

/* ---- which one --------------------------------------------------------- */

static const struct {
	const char	*begin;
	int		(*parse)(struct str, struct auth_entry *,
			    const char **);
} forms[] = {
	{ "$argon2id$", parse_argon2id },
	{ "$6$", parse_sha512 },
	{ "$2a$", parse_bcrypt },
	{ "$2b$", parse_bcrypt },
	{ "$2y$", parse_bcrypt },
};

static int
parse_form(struct str hash, struct auth_entry *e, const char **why)
{
	struct str	 rest = hash;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (take_text(&rest, forms[i].begin))
			return forms[i].parse(hash, e, why);
	*why = "no kind of hash that is taken";
	return -1;
}

int
auth_entry_parse(struct str value, struct auth_entry *e, const char **why)
{
	struct str	 s = value;

	*e = (struct auth_entry){ .cost.passes = 0 };
	if (take_text(&s, "SCRAM-SHA-256$"))
		return parse_scram(s, ":$:", e, why);
	s = take_until(&s, ":");
	*why = "too long";
	if (s.n > AUTH_HASH_MAX)
		return -1;
	if (take_text(&s, "{SCRAM-SHA-256}"))
		return parse_scram(s, ",,,", e, why);
	if (!take_text(&s, "{ARGON2ID}") && !take_text(&s, "{SHA512-CRYPT}") &&
	    !take_text(&s, "{BLF-CRYPT}"))
		take_text(&s, "{CRYPT}");
	return parse_form(s, e, why);
}

bool
auth_cost_equal(const struct auth_cost *a, const struct auth_cost *b)
{
	return a->scheme == b->scheme && a->kind == b->kind &&
	    a->passes == b->passes && a->kib == b->kib && a->lanes == b->lanes;
}
