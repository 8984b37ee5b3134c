/*
 * "recipients verify": whether a recipient is there is asked of its next hop,
 * by a deliverd.  What it says is kept (verify_known.h), and while it is
 * asked, everybody who wants to know waits for the same answer.
 *
 * Who asks begins a round, looks at all its recipients, and waits for those
 * questions that it met; then it begins another round.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include "messages.h"
#include "peer.h"

#include "target.h"
#include "verify_known.h"

#define VERIFY_ANSWER_MS	30000	/* half of QUEUE_CHECK_MS, smtpd's */
#define VERIFY_LATER_S		5	/* is not asked again so long */

struct verify_waiter;
LIST_HEAD(verify_links, verify_link);

/*
 * Begins a round.  asks false: nobody is asked, and what is not known is
 * believed: a message is submitted only to those that were there when asked
 * (and who would submit it to others is told to try again).
 */
void	 verify_begin(bool asks);

/*
 * Of a recipient in a domain of ours with "recipients verify": the target,
 * and the address it was made of.  VERIFY_WAIT: its question is one of this
 * round.  The words are borrowed as by verify_known_find, and are there for a
 * no, and perhaps for later.
 */
enum verify_result verify_recipient(const struct target *, struct str address,
	    struct verify_words *);

/* Who waits for the questions of a round. */
struct verify_waiter {
	unsigned		 n_open;
	struct verify_links	 links;
	void			(*done)(struct verify_waiter *);
};

/* How many questions the round has met, some of them perhaps twice. */
size_t	 verify_n_met(void);
/*
 * Waits for them: done is called once all are answered, never from within.
 * -1 when there is no memory to do so.
 */
int	 verify_wait(struct verify_waiter *,
	    void (*done)(struct verify_waiter *));
/* It does not wait any more. */
void	 verify_forget(struct verify_waiter *);

/* For the handler table. */
void	 on_verified(struct peer *, void *asker, const struct verified *);

#endif
