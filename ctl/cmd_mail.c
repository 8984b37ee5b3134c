/*
 * show, cat, trace: one message.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"

#include "commands.h"
#include "complain.h"
#include "link.h"
#include "show.h"
#include "text.h"

#define CONTENT_MAX	(HEADER_MAX + MESSAGE_SIZE_MAX)
#define CHUNK		65536

/* ---- trace ------------------------------------------------------------- */

static void
warn_lost(const struct trace *t)
{
	if (t->off)
		warnx("nothing is being traced (\"trace { keep 0; }\")");
	if (t->lost != 0)
		warnx("%llu events could not be written since the queue "
		    "manager began", (unsigned long long)t->lost);
}

/* Where it stands now, if it is still here. */
static void
show_now(struct str id)
{
	struct mail_show	 ask = { id };
	const struct mail_shown	*m = link_mail_show(&ask);

	if (m->result != SHOW_OK)
		return;
	putchar('\n');
	show_queue_head();
	show_queue_row(stdout, &m->row, false);
}

int
cmd_trace(const struct options *o, int argc, char **argv)
{
	struct trace_ask	 ask = { id_argument(argc, argv), 0 };
	const struct trace	*t;
	bool			 more;

	do {
		t = link_trace(&ask);
		if (t->result != SHOW_OK) {
			warn_lost(t);
			return complain(t->result, argv[1]);
		}
		show_trace(t, o->json);
		ask.skip += TRACE_EVENTS_MAX;
		more = t->more;
	} while (more);
	if (!o->json)
		show_now(ask.id);
	return EX_OK;
}

/* ---- show -------------------------------------------------------------- */

/* The message's memory is of the answer before: what is shown is copied. */
static const struct mail_shown *
copy_shown(const struct mail_shown *m)
{
	static struct arena	 arena = ARENA_INIT(4 * mail_shown_MAXLEN);
	static struct buf	 b = BUF_INIT(mail_shown_MAXLEN);
	static struct mail_shown copy;
	struct wire		 w;

	mail_shown_put(&b, m);
	wire_init(&w, buf_data(&b), b.len);
	if (b.failed || mail_shown_get(&w, &arena, &copy) == -1)
		errx(EX_OSERR, "out of memory");
	return &copy;
}

int
cmd_show(const struct options *o, int argc, char **argv)
{
	struct mail_show	 ask = { id_argument(argc, argv) };
	struct trace_ask	 events;
	const struct mail_shown	*m = link_mail_show(&ask);
	int			 status = complain(m->result, argv[1]);

	if (status != EX_OK)
		return status;
	m = copy_shown(m);
	events = (struct trace_ask){ str_of(msgid_text(&m->row.id)), 0 };
	show_mail(m, link_trace(&events), o->json);
	return EX_OK;
}

/* ---- cat --------------------------------------------------------------- */

static int
copy_file(int fd, struct buf *to)
{
	static char	 chunk[CHUNK];
	ssize_t		 n;

	/* its position is shared with others who read the same */
	for (off_t at = 0; (n = pread(fd, chunk, sizeof(chunk), at)) != 0;
	    at += n) {
		if (n == -1)
			return -1;
		if (to != NULL ? buf_put(to, chunk, (size_t)n) == -1 :
		    fwrite(chunk, 1, (size_t)n, stdout) != (size_t)n)
			return -1;
	}
	return 0;
}

static int
put_plain(const struct mail_content *m, int fd)
{
	fwrite(m->header.p, 1, m->header.n, stdout);
	if (fd == -1 && m->body.n != 0)
		fwrite(m->body.p, 1, m->body.n, stdout);
	return (fd != -1 && copy_file(fd, NULL) == -1) ||
	    fflush(stdout) == EOF ? -1 : 0;
}

static int
put_json(const struct mail_content *m, int fd)
{
	struct buf	 b = BUF_INIT(CONTENT_MAX);
	int		 r;

	buf_put_str(&b, m->header);
	r = fd != -1 ? copy_file(fd, &b) : buf_put_str(&b, m->body);
	if (r == 0)
		text_put(stdout, json_pack("{sI so}", "size",
		    (json_int_t)b.len, "content", text_json(buf_str(&b))));
	buf_clear(&b);
	return r;
}

int
cmd_cat(const struct options *o, int argc, char **argv)
{
	struct mail_show		 ask = { id_argument(argc, argv) };
	const struct mail_content	*m;
	int				 fd, status;

	m = link_mail_read(&ask, &fd);
	if ((status = complain(m->result, argv[1])) != EX_OK)
		return status;
	if ((o->json ? put_json(m, fd) : put_plain(m, fd)) == -1)
		err(EX_IOERR, "%s", argv[1]);
	if (fd != -1)
		close(fd);
	return EX_OK;
}
