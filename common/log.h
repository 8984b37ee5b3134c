/*
 * Logging.  A line is a word and key=value pairs, without a newline:
 *
 *	log_info("deliver id=%s rcpt=<%s> status=%s", id, log_text(rcpt), s);
 *
 * Levels: error - act; warn - look; info - mail's life; debug - the rest.
 * Lines go to the sink: the log role in a daemon (proc.c sets it), standard
 * error before that and in tools.  A line is cut at LOG_LINE_MAX.
 */
#ifndef LOG_H
#define LOG_H

#include <stddef.h>

#include "str.h"

#define LOG_LINE_MAX	2048	/* a reply and paths fit in */
#define LOG_TEXT_MAX	512	/* of one foreign text, escaped */

enum log_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG, LEVEL_N };

typedef void (*log_sink)(enum log_level, const char *line, size_t n);

void		 log_set_sink(log_sink);	/* NULL: standard error */
void		 log_set_level(enum log_level);	/* drops what is below */
void		 log_set_name(const char *);		/* for standard error */
const char	*log_level_name(enum log_level);
enum log_level	 log_level(void);

void	 log_error(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 log_debug(const char *, ...) __attribute__((format(printf, 1, 2)));

/*
 * Logs an error and ends the process with EX_SOFTWARE.  For an impossible
 * start or our own bug, never for anything that a peer sent.
 */
void	 fatal(const char *, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));

/*
 * Foreign text made fit for a log line: what is not printable ASCII, and
 * backslash and double quote, become \xHH.  At most LOG_TEXT_MAX octets of
 * it; the result is one of eight buffers used in turn.
 */
const char *log_text(struct str);

#endif
