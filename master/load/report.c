/*
 * Puts the place before the text, counts, and stops saying more when there
 * is too much.
 */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

#include "log.h"

static void
report_v(struct report *r, const struct origin *at, bool warning,
    const char *fmt, va_list ap)
{
	char	 what[TEXT_MAX], line[TEXT_MAX + 1];
	int	 n;

	if (r->errors + r->warnings > REPORTS_MAX + 1)
		return;
	if (r->errors + r->warnings == REPORTS_MAX + 1) {
		r->say(r->data, warning, "too many errors: the rest is not "
		    "shown");
		return;
	}
	vsnprintf(what, sizeof(what), fmt, ap);
	if (at->line != 0)
		n = snprintf(line, sizeof(line), "%s:%u: %s",
		    log_text(at->file), at->line, what);
	else
		n = snprintf(line, sizeof(line), "%s: %s",
		    log_text(at->file), what);
	/* what is too long is cut: the place and the start say enough */
	if (n < 0)
		return;
	r->say(r->data, warning, line);
}

const char *
report_place(const struct origin *there, const struct origin *here,
    char text[PLACE_TEXT_MAX])
{
	if (str_equal(there->file, here->file))
		snprintf(text, PLACE_TEXT_MAX, "line %u", there->line);
	else
		snprintf(text, PLACE_TEXT_MAX, "%s:%u",
		    log_text(there->file), there->line);
	return text;
}

void
report_error(struct report *r, const struct origin *at, const char *fmt, ...)
{
	va_list	 ap;

	r->errors++;
	va_start(ap, fmt);
	report_v(r, at, false, fmt, ap);
	va_end(ap);
}

void
report_warning(struct report *r, const struct origin *at, const char *fmt,
    ...)
{
	va_list	 ap;

	r->warnings++;
	va_start(ap, fmt);
	report_v(r, at, true, fmt, ap);
	va_end(ap);
}
