/*
 * The steps of keyd's life, handed to the role that it lives in; the gate
 * sees to it that each role gets only what is meant for it.
 */
#include "keyd.h"

#include <unistd.h>

#include "sign.h"

static const struct keyd_part	*const parts[] = {
	&sign_part, &auth_part, &cred_part,
};

static const struct keyd_part *
part(void)
{
	size_t	 i = 0;

	while (parts[i]->role != proc_role())
		i++;
	return parts[i];
}

static void
prepare(void)
{
	if (part()->prepare != NULL)
		part()->prepare();
}

static int
configure(const struct conf *conf, char *why, size_t size)
{
	if (part()->configure == NULL)
		return 0;
	return part()->configure(conf, why, size);
}

static void
commit(void)
{
	if (part()->commit != NULL)
		part()->commit();
}

static void
drop(void)
{
	if (part()->drop != NULL)
		part()->drop();
}

static void
on_secret(struct peer *p, uint32_t id, const struct secret *m)
{
	int	 fd = peer_take_fd(p);

	(void)id;
	if (part()->secret != NULL)
		part()->secret(m->index, fd);
	else
		close(fd);
}

static void
peer_up(struct peer *p)
{
	if (part()->peer_up != NULL)
		part()->peer_up(p);
}

static void
peer_down(struct peer *p)
{
	if (part()->peer_down != NULL)
		part()->peer_down(p);
}

static void
start(void)
{
	if (part()->start != NULL)
		part()->start();
	proc_ready();
}

static void
stop(void)
{
	proc_exit(0);	/* who asks has ended already */
}

static const struct handlers	 handlers = {
	.SECRET = on_secret,
	.TLS_SIGN = on_tls_sign,
	.CERTIFICATE_ASK = on_certificate_ask,
	.TICKET_KEY_ASK = on_ticket_key_ask,
	.AUTH_CHECK = on_auth_check,
	.CRED_ASK = on_cred_ask,
};

const struct proc_ops	 keyd_ops = {
	.program = "keyd",
	.roles = KEYD_SIGN | KEYD_AUTH | KEYD_CRED,
	.handlers = &handlers,
	.prepare = prepare,
	.configure = configure,
	.commit = commit,
	.drop = drop,
	.peer_up = peer_up,
	.peer_down = peer_down,
	.start = start,
	.stop = stop,
};
