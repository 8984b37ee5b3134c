/*
 * Files and messages of the load role.  Works without the loop: it asks one
 * thing at a time and waits for the answer.
 */
#include "load_io.h"

#include <sys/stat.h>

#include <errno.h>
#include <unistd.h>

#include "peer.h"
#include "proc.h"

/* One LOAD_OPEN on its way. */
struct asked {
	bool	 done;
	int	 error, fd;
};

void
load_on_opened(struct peer *p, void *asker, const struct load_opened *m)
{
	struct asked	*a = asker;

	if (a == NULL)
		return;
	a->fd = peer_take_fd(p);
	a->error = (int)m->error;
	if (a->error == 0 && a->fd == -1)
		a->error = EIO;
	a->done = true;
}

static void
on_open_lost(void *asker, enum lost_why why)
{
	struct asked	*a = asker;

	(void)why;
	a->error = ETIMEDOUT;
	a->done = true;
}

/* The file, opened by master; or why not, an errno. */
static int
open_through_master(struct str name, int *fd)
{
	struct load_open	 m = { name };
	struct asked		 a = { .fd = -1 };
	struct peer		*master = proc_master();
	uint32_t		 id;

	if (name.n > FILE_NAME_MAX)
		return ENAMETOOLONG;
	if ((id = peer_ask(master, LOAD_OPEN, &m, on_open_lost, &a, 0)) == 0)
		return EIO;
	while (!a.done)
		if (peer_wait(master, LOAD_ASK_MS) == -1) {
			peer_forget(master, id);
			return ETIMEDOUT;
		}
	if (a.error != 0 && a.fd != -1)
		close(a.fd);
	*fd = a.fd;
	return a.error;
}

static int
read_through_master(void *data, struct str name, struct buf *b)
{
	int	 fd, error = open_through_master(name, &fd);

	(void)data;
	return error != 0 ? error : source_read_fd(fd, b);
}

static int
read_owned_through_master(void *data, struct str name, struct buf *b)
{
	struct stat	 st;
	int		 fd, error = open_through_master(name, &fd);

	(void)data;
	if (error != 0)
		return error;
	if (fstat(fd, &st) == 0 && st.st_uid == 0 &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return source_read_fd(fd, b);
	close(fd);
	return EPERM;
}

const struct source load_source = { read_through_master, NULL,
    read_owned_through_master };

void
load_say(void *data, bool warning, const char *text)
{
	struct load_error	 m = { warning, str_of(text) };

	(void)data;
	if (m.text.n > TEXT_MAX)
		m.text.n = TEXT_MAX;
	peer_send(proc_master(), LOAD_ERROR, 0, &m);
}

void
load_send_table(unsigned table, int fd)
{
	struct table	 m = { (uint16_t)table };

	peer_send_fd(proc_master(), LOAD_TABLE, 0, fd, &m);
	peer_drain(proc_master(), LOAD_ASK_MS);
}

void
load_send_conf(int fd)
{
	struct nothing	 m = { };

	peer_send_fd(proc_master(), LOAD_CONF, 0, fd, &m);
	peer_drain(proc_master(), LOAD_ASK_MS);
}

void
load_send_text(const struct buf *b)
{
	struct str	 rest = buf_str(b);

	while (rest.n != 0) {
		struct load_text	 m = { rest };

		if (m.text.n > LOAD_TEXT_MAX)
			m.text.n = LOAD_TEXT_MAX;
		peer_send(proc_master(), LOAD_TEXT, 0, &m);
		peer_drain(proc_master(), LOAD_ASK_MS);
		rest = str_skip(rest, m.text.n);
	}
}

void
load_send_end(bool ok)
{
	struct load_end	 m = { ok };

	peer_send(proc_master(), LOAD_END, 0, &m);
	peer_drain(proc_master(), LOAD_ASK_MS);
}
