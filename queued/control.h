/*
 * posternctl's socket: who may connect, who may change things, and what is
 * asked.  Root may all; others that the socket's mode lets in may look.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "messages.h"
#include "peer.h"

#define CTLS_MAX		64	/* connections in all */
#define CTLS_PER_UID_MAX	20

/* A socket to accept on (taken; the one before is closed). */
void	 control_listen(int fd, const struct handlers *);

void	 on_queue_list(struct peer *, uint32_t id, const struct queue_list *);
void	 on_mail_show(struct peer *, uint32_t id, const struct mail_show *);
void	 on_queue_change(struct peer *, uint32_t id,
	    const struct queue_change *);
void	 on_queue_count(struct peer *, uint32_t id,
	    const struct queue_count *);
void	 on_mail_read(struct peer *, uint32_t id, const struct mail_show *);
void	 on_routes_ask(struct peer *, uint32_t id,
	    const struct routes_ask *);
void	 on_pause(struct peer *, uint32_t id, const struct pause *);
void	 on_trace_ask(struct peer *, uint32_t id, const struct trace_ask *);
void	 on_status_ask(struct peer *, uint32_t id, const struct nothing *);
void	 on_processes(struct peer *, void *asker, const struct status *);
void	 on_guesses_ask(struct peer *, uint32_t id,
	    const struct guesses_ask *);
void	 on_guesses_seen(struct peer *, void *asker, const struct guesses *);
void	 on_reload(struct peer *, uint32_t id, const struct reload *);
void	 on_conf_reloaded(struct peer *, void *asker, const struct reloaded *);

#endif
