/*
 * Compiles one configuration outside of the load role, for tests/config/run:
 *
 *	conf_driver ROOT FILE
 *
 * prints the effective configuration; errors and warnings go to standard
 * error.  Absolute names are looked for below ROOT.  What was printed is
 * compiled again and must print the same, and what is sealed must open.
 * The status is 0, 1 after an error in FILE, 2 after one of ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf_build.h"
#include "conf_lead.h"
#include "conf_print.h"
#include "tables.h"

static int
read_below(void *data, struct str name, struct buf *b)
{
	char	 path[2 * FILE_NAME_MAX];
	int	 fd;

	snprintf(path, sizeof(path), "%s%.*s",
	    name.n != 0 && name.p[0] == '/' ? (const char *)data : "",
	    STR_FMT(name));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return errno;
	return source_read_fd(fd, b);
}

static void
say(void *data, bool warning, const char *text)
{
	(void)data;
	fprintf(stderr, "%s%s\n", warning ? "warning: " : "", text);
}

static void
say_nothing(void *data, bool warning, const char *text)
{
	(void)data, (void)warning, (void)text;
}

static void
compile_tables(struct build *b)
{
	int	 fds[TABLES_MAX];

	for (unsigned i = 0; i < b->conf.n_tables; i++)
		fds[i] = tables_compile(b, i);
	if (b->report->errors == 0)
		conf_lead_check(b, fds);
	for (unsigned i = 0; i < b->conf.n_tables; i++)
		if (fds[i] != -1)
			close(fds[i]);
}

static bool
opens_again(const struct build *b)
{
	struct conf_memory	*m;
	int			 fd = conf_seal(&b->conf);
	bool			 same;

	if (fd == -1 || (m = conf_open(fd)) == NULL)
		return false;
	same = str_equal(m->conf.hostname, b->conf.hostname) &&
	    m->conf.n_listeners == b->conf.n_listeners &&
	    m->conf.n_domains == b->conf.n_domains;
	conf_free(m);
	close(fd);
	return same;
}

/* Whether text compiles, and to what prints as that text. */
static bool
prints_again(struct str text, const struct source *source)
{
	struct report	 report = { .say = say_nothing };
	struct build	 b;
	struct buf	 again = BUF_INIT(CONF_MAX);
	bool		 same;

	build_init(&b, source, &report);
	same = build_conf(&b, str_of("printed"), text) == 0 &&
	    conf_print(&b, &again) == 0 &&
	    str_equal(buf_str(&again), text);
	build_clear(&b);
	buf_clear(&again);
	return same;
}

static int
compile(const struct source *source, struct str name, struct str text)
{
	struct report	 report = { .say = say };
	struct build	 b;
	struct buf	 out = BUF_INIT(CONF_MAX);
	int		 status = 1;

	build_init(&b, source, &report);
	build_conf(&b, name, text);
	compile_tables(&b);
	if (report.errors == 0) {
		status = 0;
		conf_print(&b, &out);
		printf("%.*s", STR_FMT(buf_str(&out)));
		if (!opens_again(&b) ||
		    !prints_again(buf_str(&out), source)) {
			fprintf(stderr, "conf_driver: does not come back the "
			    "same\n");
			status = 2;
		}
	}
	build_clear(&b);
	buf_clear(&out);
	return status;
}

int
main(int argc, char **argv)
{
	struct source	 source = { read_below, NULL, read_below };
	struct buf	 text = BUF_INIT(CONF_FILE_MAX);
	int		 status;

	if (argc != 3) {
		fprintf(stderr, "usage: conf_driver ROOT FILE\n");
		return 2;
	}
	source.data = argv[1];
	if (read_below(argv[1], str_of(argv[2]), &text) != 0) {
		fprintf(stderr, "conf_driver: cannot read %s\n", argv[2]);
		return 2;
	}
	status = compile(&source, str_of(argv[2]), buf_str(&text));
	buf_clear(&text);
	return status;
}
