/*
 * The log role.  Takes lines from everybody, keeps no more than it can
 * write, and says how many it had to drop.
 */
#include "logger.h"

#include <sys/stat.h>

#include <event2/event.h>

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "proc.h"

#define LOG_OUT_MAX	(1 << 20)	/* octets waiting for the sink */
#define LOG_OUT_ROOM	4096		/* above a whole line's, and the count
					 * of those that were dropped */
#define SINK_AT_ONCE	4096		/* PIPE_BUF: see write_some */
#define LAST_LINES_MAX	1000		/* reads of each channel at the end */

static struct buf	 out = BUF_INIT(LOG_OUT_MAX);
static uint32_t		 dropped;	/* since out was full */
static int		 sink = -1;
static bool		 waits;		/* the sink says when it takes more */
static struct event	*write_event;

/*
 * What a pipe or socket takes without making us wait is at least PIPE_BUF;
 * files and terminals take all.  false: nothing was written.
 */
static bool
write_some(void)
{
	size_t	 n = out.len;
	ssize_t	 r;

	if (waits && n > SINK_AT_ONCE)
		n = SINK_AT_ONCE;
	r = write(sink, buf_data(&out), n);
	if (r == -1 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (r <= 0) {
		/* a full disk: what is waiting is lost, later lines may fit */
		dropped++;
		buf_reset(&out);
		return false;
	}
	buf_consume(&out, (size_t)r);
	return true;
}

static void
write_later(void)
{
	if (write_event == NULL || out.len == 0)
		return;
	if (waits)
		event_add(write_event, NULL);
	else
		event_active(write_event, EV_WRITE, 0);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	if (write_some() || waits)
		write_later();
}

static void
add_line(enum role role, unsigned index, const struct log_line *m)
{
	if (out.len + m->text.n + LOG_OUT_ROOM > LOG_OUT_MAX) {
		dropped += 1 + m->dropped;
		return;
	}
	if (dropped != 0) {
		static const char	 full[] = "the log's queue was full";
		const struct log_line	 own = { LEVEL_WARN, m->time_ms,
		    dropped, str_bytes(full, sizeof(full) - 1) };

		dropped = 0;
		logger_format(&out, ROLE_LOG, 0, &own);
	}
	logger_format(&out, role, index, m);
	write_later();
}

static void
on_log_line(struct peer *p, uint32_t id, const struct log_line *m)
{
	(void)id;
	add_line(p->role, p->index, m);
}

static void
on_log_sink(struct peer *p, uint32_t id, const struct nothing *m)
{
	struct stat	 st;

	(void)id, (void)m;
	if (sink != -1) {
		while (out.len != 0 && write_some())
			;
		event_free(write_event);
		close(sink);
	}
	sink = peer_take_fd(p);
	waits = fstat(sink, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
	write_event = event_new(proc_base(), waits ? sink : -1,
	    waits ? EV_WRITE : 0, on_writable, NULL);
	if (write_event == NULL)
		fatal("out of memory for events");
	write_later();
	proc_begin();
}

/* All others have gone by now; what they said last is still to be read. */
static void
stop(void)
{
	for (struct peer *p = proc_peers(); p != NULL; p = p->next)
		for (int i = 0; i < LAST_LINES_MAX; i++)
			if (peer_wait(p, 1) == -1)
				break;
	while (out.len != 0 && write_some())
		;
	proc_exit(EX_OK);
}

static const struct handlers handlers = {
	.LOG_SINK = on_log_sink,
	.LOG_LINE = on_log_line,
};

static const struct proc_ops ops = {
	.program = "postern",
	.roles = LOG,
	.handlers = &handlers,
	.stop = stop,
};

int
logger_main(int argc, char **argv)
{
	return proc_main(argc, argv, &ops);
}
