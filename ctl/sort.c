/*
 * For each row a number to sort by is kept, and where in the file the rest
 * is: of a text its first octets, and the whole of it before the row.
 */
#include "sort.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"

#include "show.h"

struct line {
	uint64_t	 key;
	off_t		 at;		/* of the text, then the row */
	uint32_t	 text, row;	/* their lengths */
};

struct sort_key {
	const char	*name;
	uint64_t	 (*number)(const struct queue_row *);	/* or */
	struct str	 (*text)(const struct queue_row *);
};

static const struct sort_key	*by;
static FILE			*file;
static struct line		*lines;
static size_t			 n_lines, allocated;
static off_t			 at;

/* ---- keys -------------------------------------------------------------- */

static uint64_t
by_age(const struct queue_row *row)
{
	return row->arrived;
}

static uint64_t
by_size(const struct queue_row *row)
{
	return UINT64_MAX - row->size;		/* the largest first */
}

/* What goes at any time is before all that waits for its time. */
static uint64_t
by_next(const struct queue_row *row)
{
	uint64_t	 next = UINT64_MAX;

	for (size_t i = 0; i < row->n_rcpts; i++)
		if (row->rcpts[i].next_try < next)
			next = row->rcpts[i].next_try;
	return next;
}

static uint64_t
by_tries(const struct queue_row *row)
{
	uint64_t	 tries = 0;

	for (size_t i = 0; i < row->n_rcpts; i++)
		if (row->rcpts[i].tries > tries)
			tries = row->rcpts[i].tries;
	return UINT64_MAX - tries;
}

static struct str
by_sender(const struct queue_row *row)
{
	return row->sender;
}

static struct str
by_domain(const struct queue_row *row)
{
	struct str	 to = STR_NONE;
	const char	*p;

	if (row->n_rcpts != 0)
		to = row->rcpts[0].address;
	p = to.n != 0 ? memrchr(to.p, '@', to.n) : NULL;
	return p != NULL ? str_skip(to, (size_t)(p - to.p) + 1) : to;
}

static const struct sort_key	 keys[] = {
	{ "age", by_age, NULL }, { "size", by_size, NULL },
	{ "sender", NULL, by_sender }, { "domain", NULL, by_domain },
	{ "next", by_next, NULL }, { "tries", by_tries, NULL },
};

static const struct sort_key *
find(const char *name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

bool
sort_is_key(const char *name)
{
	return find(name) != NULL;
}

/* The first eight octets, so that numbers compare as texts do. */
static uint64_t
front(struct str s)
{
	uint64_t	 n = 0;

	for (size_t i = 0; i < sizeof(n); i++)
		n = n << 8 | (i < s.n ? (unsigned char)
		    tolower((unsigned char)s.p[i]) : 0);
	return n;
}

/* ---- the file ---------------------------------------------------------- */

void
sort_begin(const char *key)
{
	by = find(key);
	if ((file = tmpfile()) == NULL)
		err(EX_CANTCREAT, "a file to sort in");
}

static struct line *
line_new(void)
{
	if (n_lines == allocated) {
		allocated = allocated * 2 + 1024;
		lines = reallocarray(lines, allocated, sizeof(*lines));
		if (lines == NULL)
			errx(EX_OSERR, "out of memory");
	}
	return &lines[n_lines++];
}

void
sort_add(const struct queue_row *row, bool json)
{
	struct str	 text = by->text != NULL ? by->text(row) : STR_NONE;
	struct line	*l = line_new();
	off_t		 end;

	l->key = by->text != NULL ? front(text) : by->number(row);
	l->at = at;
	l->text = (uint32_t)text.n;
	if (text.n != 0)
		fwrite(text.p, 1, text.n, file);
	show_queue_row(file, row, json);
	if ((end = ftello(file)) == -1 || ferror(file))
		err(EX_IOERR, "a file to sort in");
	l->row = (uint32_t)(end - at - (off_t)text.n);
	at = end;
}

/* ---- sorting ----------------------------------------------------------- */

static int
compare_texts(const struct line *x, const struct line *y)
{
	static char	 a[ADDRESS_MAX + 1], b[ADDRESS_MAX + 1];
	ssize_t		 n, m;

	n = pread(fileno(file), a, x->text, x->at);
	m = pread(fileno(file), b, y->text, y->at);
	a[n > 0 ? n : 0] = b[m > 0 ? m : 0] = '\0';
	return strcasecmp(a, b);
}

static int
compare(const void *a, const void *b)
{
	const struct line	*x = a, *y = b;
	int			 r = (x->key > y->key) - (x->key < y->key);

	if (r == 0 && by->text != NULL)
		r = compare_texts(x, y);
	return r != 0 ? r : (x->at > y->at) - (x->at < y->at);
}

static void
print(const struct line *l, struct buf *b)
{
	char	*p;

	buf_reset(b);
	if ((p = buf_room(b, l->row)) == NULL)
		errx(EX_OSERR, "out of memory");
	if (pread(fileno(file), p, l->row, l->at + l->text) !=
	    (ssize_t)l->row)
		err(EX_IOERR, "a file to sort in");
	fwrite(p, 1, l->row, stdout);
}

void
sort_print(uint64_t limit)
{
	struct buf	 b = BUF_INIT(8 * queue_row_MAXLEN);

	if (fflush(file) == EOF)
		err(EX_IOERR, "a file to sort in");
	if (n_lines != 0)
		qsort(lines, n_lines, sizeof(*lines), compare);
	for (size_t i = 0; i < n_lines && i < limit; i++)
		print(&lines[i], &b);
	buf_clear(&b);
	fclose(file);
	free(lines);
	lines = NULL;
	n_lines = allocated = 0;
	at = 0;
}
