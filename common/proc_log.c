/*
 * The log sink of a child process.
 */
#include "proc_log.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"

#define LOG_OUT_MAX	(1 << 20)	/* octets waiting; more are dropped */
#define LAST_WORDS_MS	500

static struct peer	*to_master, *to_log;
static uint32_t		 dropped;

static void
sink(enum log_level level, const char *line, size_t n)
{
	struct peer	*p = to_log != NULL ? to_log : to_master;
	struct log_line	 m = { (uint8_t)level, clock_wall_ms(), dropped,
	    { line, n } };

	if (frame_waiting(&p->channel) > LOG_OUT_MAX ||
	    peer_send(p, LOG_LINE, 0, &m) == -1) {
		dropped++;
		return;
	}
	dropped = 0;
}

/* At an exit, whichever way it comes: the last words may say why. */
static void
drain(void)
{
	if (to_log != NULL)
		peer_drain(to_log, LAST_WORDS_MS);
	peer_drain(to_master, LAST_WORDS_MS);
}

void
proc_log_start(struct peer *master)
{
	to_master = master;
	log_set_sink(sink);
	atexit(drain);
}

void
proc_log_to(struct peer *log)
{
	to_log = log;
}
