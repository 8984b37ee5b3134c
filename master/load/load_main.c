/*
 * The life of `postern -r load`: one LOAD_START, everything that follows
 * from it, and the end.  Its jail lets it touch nothing but memory and the
 * files that master opened for it.
 */
#include "load.h"

#include <event2/event.h>

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf_build.h"
#include "conf_lead.h"
#include "conf_print.h"
#include "load_io.h"
#include "peer.h"
#include "proc.h"
#include "tables.h"

/* LOAD_START as it came, kept for after its handler. */
static struct {
	bool		 given;
	enum load_mode	 mode;
	uint32_t	 number;	/* of this configuration */
	struct buf	 name, text;
	int		 fd;		/* of the text, or -1 */
} start = { .name = BUF_INIT(FILE_NAME_MAX), .text = BUF_INIT(CONF_FILE_MAX),
    .fd = -1 };

/* Compiles all tables into fds; -1 where one could not be. */
static void
compile_tables(struct build *b, int fds[TABLES_MAX])
{
	for (unsigned i = 0; i < b->conf.n_tables; i++)
		fds[i] = tables_compile(b, i);
}

static void
close_tables(const struct build *b, int fds[TABLES_MAX])
{
	for (size_t i = 0; i < b->conf.n_tables; i++)
		if (fds[i] != -1)
			close(fds[i]);
}

static void
print(const struct build *b)
{
	const struct origin	 at = { STR("configuration"), 0 };
	struct buf		 out = BUF_INIT(CONF_MAX);

	if (conf_print(b, &out) == -1)
		report_error(b->report, &at, "too long to be printed");
	else
		load_send_text(&out);
	buf_clear(&out);
}

/* Everything is right: hands over what was asked for. */
static void
give(const struct build *b, int fds[TABLES_MAX])
{
	const struct origin	 at = { STR("configuration"), 0 };
	int			 fd;

	if (start.mode == LOAD_PRINT)
		print(b);
	if ((fd = conf_seal(&b->conf)) == -1) {
		report_error(b->report, &at, "too large");
		return;
	}
	for (unsigned i = 0; i < b->conf.n_tables; i++) {
		load_send_table(i, fds[i]);
		fds[i] = -1;
	}
	load_send_conf(fd);
}

static void
compile(struct report *report)
{
	struct build		 b;
	const struct origin	 at = { buf_str(&start.name), 0 };
	int			 fds[TABLES_MAX], error = 0;

	if (start.fd != -1)
		error = source_read_fd(start.fd, &start.text);
	if (error != 0) {
		report_error(report, &at, "%s", strerror(error));
		return;
	}
	build_init(&b, &load_source, report);
	build_conf(&b, at.file, buf_str(&start.text));
	b.conf.number = start.number;
	compile_tables(&b, fds);
	if (report->errors == 0)
		conf_lead_check(&b, fds);
	if (report->errors == 0)
		give(&b, fds);
	close_tables(&b, fds);
	build_clear(&b);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct report	 report = { .say = load_say };

	(void)fd, (void)what, (void)arg;
	compile(&report);
	load_send_end(report.errors == 0);
	proc_exit(EX_OK);
}

/* The work waits for answers, so it is not done within a handler. */
static void
on_load_start(struct peer *p, uint32_t id, const struct load_start *m)
{
	const struct timeval	 now = { 0, 0 };

	(void)id;
	if (start.given) {
		peer_fault(p, "second-start");
		return;
	}
	start.given = true;
	start.mode = m->mode;
	start.number = m->number;
	start.fd = peer_take_fd(p);
	buf_put_str(&start.name, m->name);
	buf_put_str(&start.text, m->conf);
	proc_begin();
	event_base_once(proc_base(), -1, EV_TIMEOUT, on_turn, NULL, &now);
}

static const struct handlers handlers = {
	.LOAD_START = on_load_start,
	.LOAD_OPENED = load_on_opened,
};

static const struct proc_ops ops = {
	.program = "postern",
	.roles = LOAD,
	.handlers = &handlers,
};

int
load_main(int argc, char **argv)
{
	return proc_main(argc, argv, &ops);
}
