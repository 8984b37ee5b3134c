/*
 * Handing a message to smtpd: as many transactions as it takes, again if
 * they fail for a time, and what came of it as an exit code.
 */
#ifndef SUBMIT_H
#define SUBMIT_H

#include "addr.h"

#include "message.h"
#include "options.h"
#include "recipients.h"

struct submission {
	const struct options	*options;
	struct addr		 caller;	/* no domain */
	struct addr		 sender;	/* may lack its domain; <> */
	struct message		*message;
	struct recipients	*recipients;
};

/*
 * Returns EX_OK when the server has the message for all recipients.  When it
 * refused some for good, the others have got it, and the code is of the
 * first refusal.  What went wrong has been said on standard error.
 */
int	 submit(const struct submission *);

/*
 * A socket connected to the server, which is waited for as options say, or
 * -1 when it did not come: errno says why.
 */
int	 submit_connect(const struct options *);

#endif
