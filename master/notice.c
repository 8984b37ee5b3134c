/*
 * The report of the reload that is under way: at most RELOAD_LINES_MAX
 * lines.  Who asked may be gone when it ends, and then is not told.
 */
#include "notice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "master.h"
#include "staff.h"

static struct {
	bool		 check;
	uint64_t	 began_ms;
	unsigned	 errors;
	struct reload_line lines[RELOAD_LINES_MAX];
	char		 text[RELOAD_LINES_MAX][TEXT_MAX];
	size_t		 n;
	uint32_t	 more;
	/* queued, in this start of it, asks with this id; 0: a signal */
	uint32_t	 id, generation;
} notice;

static void
start(const char *by, bool check)
{
	notice.check = check;
	notice.began_ms = clock_ms();
	notice.n = notice.more = notice.errors = 0;
	log_info("%s status=begun by=%s", check ? "check" : "reload", by);
}

void
notice_by_signal(void)
{
	notice.id = 0;
	start("signal", false);
}

void
notice_by_peer(struct peer *p, uint32_t id, const struct reload *m)
{
	char	 by[32];

	notice.id = id;
	notice.generation = p->generation;
	snprintf(by, sizeof(by), "uid:%u", m->uid);
	start(by, m->check);
}

void
notice_line(bool warning, struct str line)
{
	size_t	 n = line.n < TEXT_MAX ? line.n : TEXT_MAX;

	notice.errors += !warning;
	if (warning)
		log_warn("%s", log_text(line));
	else
		log_error("%s", log_text(line));
	if (notice.n == RELOAD_LINES_MAX) {
		notice.more++;
		return;
	}
	memcpy(notice.text[notice.n], line.p, n);
	notice.lines[notice.n] = (struct reload_line){ warning,
	    str_bytes(notice.text[notice.n], n) };
	notice.n++;
}

void
notice_error(const char *fmt, ...)
{
	char	 text[TEXT_MAX];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	notice_line(false, str_of(text));
}

bool
notice_has_error(void)
{
	return notice.errors != 0;
}

static bool
same(const char *what, bool is_same)
{
	if (!is_same)
		notice_error("%s: %s cannot be changed by a reload: restart "
		    "postern", master.request.name, what);
	return is_same;
}

bool
notice_may_change(const struct conf *old, const struct conf *new)
{
	bool	 may = true;

	may &= same("uid-base", old->uid_base == new->uid_base);
	may &= same("run-directory", str_equal(old->run_dir, new->run_dir));
	may &= same("the control socket",
	    str_equal(old->control, new->control) &&
	    old->control_gid == new->control_gid);
	may &= same("the spool", str_equal(old->spool, new->spool) &&
	    old->segment_size == new->segment_size &&
	    old->spool_reserve == new->spool_reserve);
	return may;
}

static void
answer(enum reload_result result)
{
	const struct reloaded	 m = { .result = result,
	    .lines = notice.lines, .n_lines = notice.n, .more = notice.more };
	const struct child	*queued = staff_find(ROLE_QUEUED, 0);

	if (notice.id != 0 && queued != NULL && queued->peer != NULL &&
	    queued->generation == notice.generation)
		peer_send(queued->peer, CONF_RELOADED, notice.id, &m);
	notice.id = 0;
}

void
notice_end(enum reload_result result)
{
	const char	*name = notice.check ? "check" : "reload";
	unsigned long long ms = clock_ms() - notice.began_ms;

	if (result == RELOAD_DONE)
		log_info("%s status=done conf=%u ms=%llu", name,
		    master.loaded.memory->conf.number, ms);
	else
		log_error("%s status=refused errors=%u ms=%llu: conf=%u stays "
		    "in force", name, notice.errors, ms,
		    master.loaded.memory->conf.number);
	answer(result);
}
