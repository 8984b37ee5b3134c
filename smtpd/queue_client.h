/*
 * What sessions ask of queued.  A session has at most one request open; its
 * answer, or its loss, comes to rcpt_checked, data_file or data_stored.
 *
 * A commit outlives a restart of queued: for QUEUE_WAIT_MS a session waits
 * for the new one, asks it whether the message was stored, and hands it in
 * once more if it was not.
 */
#ifndef QUEUE_CLIENT_H
#define QUEUE_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "messages.h"

struct event_base;
struct peer;
struct session;

#define QUEUE_WAIT_MS		10000	/* less than any client waits for the
					 * reply to DATA: RFC 5321 4.5.3.2.6 */
#define QUEUE_CHECK_MS		60000	/* for RCPT_CHECKED, LARGE_OPENED */
#define QUEUE_STORE_MS		300000	/* for MAIL_STORED: half of what a
					 * client waits */

void	 queue_setup(struct event_base *);
void	 queue_up(struct peer *);
void	 queue_down(struct peer *);
/* Changes with each queued: what one gave is no use to the next. */
uint32_t queue_epoch(void);

/* Each returns 0 when the answer will come, -1 when it cannot be asked. */
int	 queue_check_rcpts(struct session *, const struct rcpt_item *,
	    size_t n);
int	 queue_open_large(struct session *);
int	 queue_submit(struct session *);
/* The file is of no use any more. */
void	 queue_drop_large(uint32_t large, uint32_t epoch);
/* No answer will be wanted by that session. */
void	 queue_forget(struct session *);

/* for the handler table */
void	 on_rcpt_checked(struct peer *, void *, const struct rcpt_checked *);
void	 on_large_opened(struct peer *, void *, const struct large_opened *);
void	 on_mail_stored(struct peer *, void *, const struct mail_stored *);
void	 on_mail_known(struct peer *, void *, const struct mail_known *);

#endif
