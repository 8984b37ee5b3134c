/*
 * Walks the lines of a PEM text.  What stands between the blocks is for
 * people, and blocks with other labels are not ours to judge; but a private
 * key would go with the chain to every process that serves TLS.
 */
#include "pem.h"

#include <stdbool.h>

#include "bounds.h"

static const struct str	 begin = STR("-----BEGIN ");
static const struct str	 end_certificate = STR("-----END CERTIFICATE-----");
static const struct str	 certificate = STR("CERTIFICATE-----");
static const struct str	 private_key = STR("PRIVATE KEY-----");

static bool
begins(struct str s, struct str with)
{
	return s.n >= with.n && memcmp(s.p, with.p, with.n) == 0;
}

static bool
ends(struct str s, struct str with)
{
	return s.n >= with.n &&
	    memcmp(s.p + s.n - with.n, with.p, with.n) == 0;
}

/* Takes the next line, without the blanks at its end. */
static struct str
take_line(struct str *text)
{
	const char	*end = memchr(text->p, '\n', text->n);
	struct str	 line = *text;

	if (end != NULL)
		line.n = (size_t)(end - text->p);
	*text = str_skip(*text, line.n + 1);
	while (line.n != 0 && (line.p[line.n - 1] == '\r' ||
	    line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
		line.n--;
	return line;
}

static bool
is_base64(struct str line)
{
	for (size_t i = 0; i < line.n; i++) {
		char	 c = line.p[i];

		if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z') &&
		    (c < '0' || c > '9') && c != '+' && c != '/' && c != '=')
			return false;
	}
	return true;
}

/* The text goes on behind the certificate; false: it is not whole. */
static bool
take_certificate(struct str *text)
{
	struct str	 line;
	size_t		 lines;

	for (lines = 0; text->n != 0; lines++) {
		line = take_line(text);
		if (begins(line, end_certificate))
			return lines != 0;
		if (!is_base64(line))
			return false;
	}
	return false;
}

const char *
pem_chain_fault(struct str text)
{
	struct str	 line, label;
	unsigned	 n = 0;

	while (text.n != 0) {
		line = take_line(&text);
		if (!begins(line, begin))
			continue;
		label = str_skip(line, begin.n);
		if (ends(label, private_key))
			return "has a private key in it, which belongs into "
			    "a file of its own";
		if (!str_equal(label, certificate))
			continue;
		if (!take_certificate(&text))
			return "has a certificate in it that is not whole";
		if (++n > CHAIN_CERTS_MAX)
			return "has more than 10 certificates in it";
	}
	return n != 0 ? NULL : "has no certificate in it (PEM, that is "
	    "-----BEGIN CERTIFICATE-----)";
}
