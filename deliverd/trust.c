/*
 * One struct tls_client, remade with each configuration.
 */
#include "trust.h"

#include <unistd.h>

#include <sodium.h>

#include "log.h"
#include "tls.h"

static struct tls_client	*client;
static int			 bundle = -1, new_bundle = -1;

void
trust_setup(void)
{
	tls_setup();
	if (sodium_init() == -1)
		fatal("libsodium does not start");
}

static void
let_go(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
trust_bundle(int fd)
{
	let_go(&new_bundle);
	new_bundle = fd;
}

void
trust_drop(void)
{
	let_go(&new_bundle);
}

void
trust_commit(void)
{
	tls_client_free(client);
	client = NULL;
	let_go(&bundle);
	bundle = new_bundle;
	new_bundle = -1;
}

struct tls_client *
trust_client(void)
{
	if (client == NULL) {
		client = tls_client_new(bundle);
		bundle = -1;
	}
	return client;
}
