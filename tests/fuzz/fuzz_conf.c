/*
 * libFuzzer target for the compiler of the configuration and the tables.
 * The first octet says which; /etc/resolv.conf and an included file with a
 * name of one octet are the input itself.  A configuration without errors
 * prints to one that prints the same, and can be sealed and opened.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf_build.h"
#include "conf_print.h"
#include "conf_resolv.h"
#include "tables.h"

#define INPUT_MAX	(1 << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* What is said is one line of printable text. */
static void
say(void *data, bool warning, const char *text)
{
	(void)data, (void)warning;
	must(strlen(text) <= TEXT_MAX);
	for (; *text != '\0'; text++)
		must(*text >= ' ' && *text <= '~');
}

static int
read_input(void *data, struct str name, struct buf *b)
{
	static const struct str	 passwd = STR(PASSWD_FILE);
	static const struct str	 resolv = STR(RESOLV_FILE);
	static const char	 line[] = "vmail:x:5000:5000::/v:/bin/sh\n";

	if (name.n > FILE_NAME_MAX)
		abort();
	if (str_equal(name, passwd) && buf_puts(b, line) == 0)
		return 0;
	/* few names: each that includes the others doubles the work */
	if (name.n != 1 && !str_equal(name, resolv))
		return ENOENT;
	return buf_put_str(b, *(const struct str *)data) == 0 ? 0 : EFBIG;
}

static void
check_sealed(const struct conf *conf)
{
	struct conf_memory	*m;
	int			 fd = conf_seal(conf);

	must(fd != -1);
	m = conf_open(fd);
	must(m != NULL);
	conf_free(m);
	close(fd);
}

/* Compiles text; without an expected print, also what it prints. */
static void
try_conf(struct str text, const struct source *source, struct str expected)
{
	static const struct str	 name = STR("f");
	struct report		 report = { .say = say };
	struct buf		 out = BUF_INIT(CONF_MAX);
	struct build		 b;

	build_init(&b, source, &report);
	if (build_conf(&b, name, text) == 0) {
		must(conf_print(&b, &out) == 0);
		if (expected.p == NULL) {
			check_sealed(&b.conf);
			try_conf(buf_str(&out), source, buf_str(&out));
		} else
			must(str_equal(buf_str(&out), expected));
	} else
		must(expected.p == NULL);
	build_clear(&b);
	buf_clear(&out);
}

static void
try_table(struct str text)
{
	struct report	 report = { .say = say };
	char		*copy = malloc(text.n + 1);
	int		 fd;

	must(copy != NULL);
	memcpy(copy, text.p, text.n);
	fd = table_text(str_of("t"), copy, text.n, &report);
	must((fd != -1) == (report.errors == 0));
	if (fd != -1)
		close(fd);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str	 text = str_bytes(data, n);
	struct source	 source = { read_input, &text, read_input };

	if (n == 0 || n > INPUT_MAX)
		return 0;
	text = str_skip(text, 1);
	if (data[0] == 't')
		try_table(text);
	else
		try_conf(text, &source, STR_NONE);
	return 0;
}
