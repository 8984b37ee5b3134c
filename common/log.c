/*
 * Formats log lines and hands them to the sink.  Escapes foreign text.
 * Knows neither frames nor processes.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define TEXT_BUFFERS	8	/* more foreign texts than any line has */

static const char *const level_names[LEVEL_N] = {
	[LEVEL_ERROR] = "error", [LEVEL_WARN] = "warn",
	[LEVEL_INFO] = "info", [LEVEL_DEBUG] = "debug",
};

static void	 sink_stderr(enum log_level, const char *, size_t);

static log_sink		 sink = sink_stderr;
static enum log_level	 threshold = LEVEL_INFO;
static const char	*name = "postern";

const char *
log_level_name(enum log_level level)
{
	return level_names[level];
}

enum log_level
log_level(void)
{
	return threshold;
}

void
log_set_sink(log_sink s)
{
	sink = s != NULL ? s : sink_stderr;
}

void
log_set_level(enum log_level level)
{
	threshold = level;
}

void
log_set_name(const char *s)
{
	name = s;
}

static void
sink_stderr(enum log_level level, const char *line, size_t n)
{
	char	 out[LOG_LINE_MAX + 64];
	int	 len;

	len = snprintf(out, sizeof(out), "%s: %s: %.*s\n", name,
	    level_names[level], (int)n, line);
	if (len > 0 && write(STDERR_FILENO, out, (size_t)len) == -1)
		return;		/* there is nobody left to tell */
}

static void
log_v(enum log_level level, const char *fmt, va_list ap)
{
	char	 line[LOG_LINE_MAX];
	int	 n;

	if (level > threshold)
		return;
	n = vsnprintf(line, sizeof(line), fmt, ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	sink(level, line, (size_t)n);
}

#define LOG_FUNCTION(fn, level)			\
	void					\
	fn(const char *fmt, ...)		\
	{					\
		va_list	 ap;			\
						\
		va_start(ap, fmt);		\
		log_v(level, fmt, ap);		\
		va_end(ap);			\
	}

LOG_FUNCTION(log_error, LEVEL_ERROR)
LOG_FUNCTION(log_warn, LEVEL_WARN)
LOG_FUNCTION(log_info, LEVEL_INFO)
LOG_FUNCTION(log_debug, LEVEL_DEBUG)

void
fatal(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_v(LEVEL_ERROR, fmt, ap);
	va_end(ap);
	exit(EX_SOFTWARE);
}

const char *
log_text(struct str s)
{
	static const char	 hex[] = "0123456789abcdef";
	static char		 texts[TEXT_BUFFERS][LOG_TEXT_MAX + 8];
	static unsigned		 next;
	char			*out = texts[next++ % TEXT_BUFFERS], *o = out;

	for (size_t i = 0; i < s.n && o < out + LOG_TEXT_MAX; i++) {
		unsigned char	 c = (unsigned char)s.p[i];

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
			*o++ = (char)c;
			continue;
		}
		*o++ = '\\';
		*o++ = 'x';
		*o++ = hex[c >> 4];
		*o++ = hex[c & 15];
	}
	*o = '\0';
	return out;
}
