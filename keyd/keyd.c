/*
 * The steps of keyd's life; the gate sees to it that each role gets only
 * what is meant for it.
 */
#include "keyd.h"

#include "sign.h"

static void
stop(void)
{
	proc_exit(0);	/* every answer was given at once */
}

static const struct handlers	 handlers = {
	.TLS_SIGN = on_tls_sign,
	.AUTH_CHECK = on_auth_check,
	.CRED_ASK = on_cred_ask,
};

const struct proc_ops	 keyd_ops = {
	.program = "keyd",
	.roles = KEYD_SIGN | KEYD_AUTH | KEYD_CRED,
	.handlers = &handlers,
	.stop = stop,
};
