/*
 * Mail data on its way in and out: one scanner, used at network in, at spool
 * read and at network out, so that all three agree about what a line is.  A
 * line ends with CRLF and with nothing else; only CRLF.CRLF ends the data.
 * What else may look like a line end to somebody is reported, and never goes
 * out.
 *
 *	while (data_scan_next(&s, &in, &run))
 *		keep(run);
 *	if (s.ended)
 *		judge(s.found), the next command is at in
 *
 * Keeps at most a dot and a CR between calls, allocates nothing, and passes
 * over ordinary text a word at a time.
 */
#ifndef SMTP_DATA_H
#define SMTP_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "str.h"

enum data_mode {
	DATA_UNSTUFF,	/* as received after DATA: dots are removed, and
			   CRLF.CRLF is looked for */
	DATA_PLAIN,	/* BDAT chunks, the spool: there is no end mark */
	DATA_STUFF	/* to be sent after DATA: dots are added; implies
			   that bare CR and LF are made CRLF */
};

/* What was found, in the data up to the end. */
#define DATA_BARE_CR	0x01	/* RFC 5321 2.3.8 forbids both */
#define DATA_BARE_LF	0x02
#define DATA_NUL	0x04	/* passed on as it is */
#define DATA_LONG_LINE	0x08	/* with CRLF over the limit, dots undone */
#define DATA_8BIT	0x10	/* not an error where 8BITMIME is */

struct data_scan {
	enum data_mode	mode;
	bool		normalize;
	bool		ended;		/* DATA_UNSTUFF: the end was seen */
	uint8_t		state;		/* private */
	unsigned	found;		/* DATA_BARE_CR ... */
	size_t		line_max;
	size_t		line_len;	/* of the unfinished line */
	uint64_t	size;		/* octets given out so far */
};

/*
 * normalize: a bare CR or LF is given out as CRLF (it is reported all the
 * same, and never part of an end).  line_max is in octets with the CRLF;
 * SMTP_TEXT_LINE_MAX is usual, 0 is no limit.
 */
void	data_scan_init(struct data_scan *, enum data_mode, bool normalize,
	    size_t line_max);

/*
 * Takes octets off the front of *in and gives *run, the next that belong to
 * the message: part of *in, or of constant memory.  False when there is no
 * run and *in is used up, or the end was reached; *in is then what follows
 * the end.
 */
bool	data_scan_next(struct data_scan *, struct str *in, struct str *run);

/*
 * For DATA_PLAIN and DATA_STUFF, once, when there is no more input: what is
 * still to be given out, in constant memory.  That is a kept CR, and for
 * DATA_STUFF the line end, if the last line lacks one, and the dot.
 */
struct str data_scan_finish(struct data_scan *);

/*
 * The same into a buffer, until *in is used up or the end was reached.  -1
 * when the buffer has failed.
 */
int	data_scan_put(struct data_scan *, struct str *in, struct buf *);

#endif
