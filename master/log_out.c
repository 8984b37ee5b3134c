/*
 * The log sink of master.  Never waits for the log role.
 */
#include "log_out.h"

#include "clock.h"
#include "log.h"

#define LOG_WAITING_MAX	(1 << 20)	/* octets; beyond, lines are dropped */

static struct peer	*to;
static uint32_t		 dropped;
static bool		 busy;

static void
sink(enum log_level level, const char *line, size_t n)
{
	struct log_line	 m = { (uint8_t)level, clock_wall_ms(), dropped,
	    { line, n } };

	/* what sending itself wants to say has nowhere to go */
	if (busy)
		return;
	busy = true;
	if (frame_waiting(&to->channel) > LOG_WAITING_MAX ||
	    peer_send(to, LOG_LINE, 0, &m) == -1)
		dropped++;
	else
		dropped = 0;
	busy = false;
}

void
log_out_to(struct peer *log)
{
	to = log;
	log_set_sink(log != NULL ? sink : NULL);
}

void
log_out_relay(const struct peer *from, const struct log_line *m)
{
	static void (*const say[LEVEL_N])(const char *, ...) = {
		[LEVEL_ERROR] = log_error, [LEVEL_WARN] = log_warn,
		[LEVEL_INFO] = log_info, [LEVEL_DEBUG] = log_debug,
	};

	char	 text[LOG_TEXT_LINE_MAX];

	for (size_t i = 0; i < m->text.n; i++) {
		unsigned char	 c = (unsigned char)m->text.p[i];

		text[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	if (m->level < LEVEL_N)
		say[m->level]("%s[%u]: %.*s", role_name(from->role),
		    from->index, (int)m->text.n, text);
}
