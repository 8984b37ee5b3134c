/*
 * Errors and warnings about the configuration and the tables, each with the
 * place it speaks of: "file:line: text".  All are reported, up to a limit;
 * an error does not end the work, but nothing is used after one.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>

#include "conf.h"

#define REPORTS_MAX	100	/* nobody reads on; of either kind together */

struct report {
	/* takes one line without newline, at most TEXT_MAX octets */
	void		(*say)(void *data, bool warning, const char *text);
	void		*data;
	unsigned	 errors, warnings;	/* found, also those not said */
};

/* "line 7", or "FILE:7" where it is not the file of here. */
#define PLACE_TEXT_MAX	(FILE_NAME_MAX + 16)
const char	*report_place(const struct origin *there,
		    const struct origin *here, char[PLACE_TEXT_MAX]);

/* Foreign text in the format's arguments goes through log_text. */
void	 report_error(struct report *, const struct origin *,
	    const char *, ...) __attribute__((format(printf, 3, 4)));
void	 report_warning(struct report *, const struct origin *,
	    const char *, ...) __attribute__((format(printf, 3, 4)));

#endif
