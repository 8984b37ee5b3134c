/*
 * Reads a credential.
 */
#include "cred_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

struct reader {
	struct str	 rest, name;
	unsigned	 line;
	char		*why;
	size_t		 size;
};

static int __attribute__((format(printf, 2, 3)))
wrong(const struct reader *r, const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	n = snprintf(r->why, r->size, "%.*s:%u: ", STR_FMT(r->name),
	    r->line != 0 ? r->line : 1);
	if (n < 0 || (size_t)n >= r->size)
		return -1;
	va_start(ap, fmt);
	vsnprintf(r->why + n, r->size - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

/* The next line without its end; false behind the last. */
static bool
take_line(struct reader *r, struct str *line)
{
	const char	*lf;

	if (r->rest.n == 0)
		return false;
	lf = memchr(r->rest.p, '\n', r->rest.n);
	*line = str_bytes(r->rest.p,
	    lf != NULL ? (size_t)(lf - r->rest.p) : r->rest.n);
	r->rest = str_skip(r->rest, line->n + 1);
	if (line->n != 0 && line->p[line->n - 1] == '\r')
		line->n--;
	r->line++;
	return true;
}

/* "WORD VALUE": the value, behind one blank. */
static bool
is_value_of(struct str line, const char *word, struct str *value)
{
	size_t	 n = strlen(word);

	if (line.n <= n || memcmp(line.p, word, n) != 0 ||
	    (line.p[n] != ' ' && line.p[n] != '\t'))
		return false;
	*value = str_skip(line, n + 1);
	return true;
}

static int
keep(const struct reader *r, const char *what, struct str value, char *to,
    size_t max, size_t *n)
{
	if (*n != 0)
		return wrong(r, "a second %s", what);
	if (value.n == 0 || value.n > max)
		return wrong(r, "a %s of none or more than %zu octets", what,
		    max);
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\0' || value.p[i] == '\r')
			return wrong(r, "a %s with a NUL or CR in it", what);
	memcpy(to, value.p, value.n);
	*n = value.n;
	return 0;
}

static int
read_line(const struct reader *r, struct str line, struct credential *c)
{
	struct str	 value;

	if (line.n == 0 || line.p[0] == '#')
		return 0;
	if (is_value_of(line, "user", &value))
		return keep(r, "user", value, c->user, sizeof(c->user),
		    &c->n_user);
	if (is_value_of(line, "password", &value))
		return keep(r, "password", value, c->password,
		    sizeof(c->password), &c->n_password);
	return wrong(r, "neither \"user NAME\" nor \"password TEXT\"");
}

int
cred_file_parse(struct str text, struct str name, struct credential *c,
    char *why, size_t size)
{
	struct reader	 r = { text, name, 0, why, size };
	struct str	 line;

	c->n_user = c->n_password = 0;
	while (take_line(&r, &line))
		if (read_line(&r, line, c) == -1)
			return -1;
	if (c->n_user == 0 || c->n_password == 0)
		return wrong(&r, "no %s", c->n_user == 0 ? "user" :
		    "password");
	return 0;
}

int
cred_file_read(int fd, struct str name, struct credential *c, char *why,
    size_t size)
{
	struct reader	 r = { STR_NONE, name, 1, why, size };
	char		*text = sodium_malloc(CRED_FILE_MAX + 1);
	ssize_t		 n;
	int		 result;

	if (text == NULL)
		return wrong(&r, "no memory");
	if ((n = pread(fd, text, CRED_FILE_MAX + 1, 0)) == -1)
		result = wrong(&r, "%s", strerror(errno));
	else if (n > CRED_FILE_MAX)
		result = wrong(&r, "longer than %d octets", CRED_FILE_MAX);
	else
		result = cred_file_parse(str_bytes(text, (size_t)n), name, c,
		    why, size);
	sodium_free(text);
	return result;
}
