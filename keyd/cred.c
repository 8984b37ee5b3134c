/*
 * Credentials for relays.  They are in memory that is neither swapped nor
 * dumped, between guard pages; whom they go to, once a connection has come
 * to AUTH under verified TLS, the gate and deliverd see to.
 */
#include "keyd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sodium.h>

#include "log.h"
#include "peer_rate.h"
#include "xmalloc.h"

#include "cred_file.h"
#include "numbering.h"

/*
 * Of each channel: as fast as deliverd opens connections to relays that want
 * a login, and all of a start at once.
 */
static const struct bucket_rate	 rate = { 20, 1000, 200 };

struct credentials {
	struct numbering	 numbering;
	struct credential	*list;	/* of sodium_malloc(3) */
};

static struct credentials	*credentials, *new_credentials;
static int		 files[CREDENTIALS_MAX]; /* + 1; 0: none */

static struct str
credential_name(const struct conf *conf, size_t i)
{
	return i < conf->n_credentials ? conf->credentials[i].name : STR_NONE;
}

/* ---- the configuration ------------------------------------------------- */

static void
prepare(void)
{
	if (sodium_init() == -1)
		fatal("libsodium does not start");
}

static void
secret(unsigned index, int fd)
{
	if (index < CREDENTIALS_MAX && files[index] == 0)
		files[index] = fd + 1;
	else
		close(fd);
}

static void
close_files(void)
{
	for (size_t i = 0; i < CREDENTIALS_MAX; i++) {
		if (files[i] != 0)
			close(files[i] - 1);
		files[i] = 0;
	}
}

static void
credentials_free(struct credentials **s)
{
	if (*s != NULL)
		sodium_free((*s)->list);
	free(*s);
	*s = NULL;
}

static int
read_all(struct credentials *s, const struct conf *conf, char *why,
    size_t size)
{
	for (size_t i = 0; i < conf->n_credentials; i++) {
		const struct credential_conf	*c = &conf->credentials[i];

		if (files[i] == 0) {
			snprintf(why, size, "%.*s:%u: credentials %.*s: its "
			    "file has not come", STR_FMT(c->origin.file),
			    c->origin.line, STR_FMT(c->name));
			return -1;
		}
		if (cred_file_read(files[i] - 1, c->file, &s->list[i], why,
		    size) == -1)
			return -1;
	}
	return 0;
}

static void
drop(void)
{
	credentials_free(&new_credentials);
	close_files();
}

static int
configure(const struct conf *conf, char *why, size_t size)
{
	struct credentials	*s = xcalloc(1, sizeof(*s));
	int			 r;

	credentials_free(&new_credentials);
	numbering_set(&s->numbering, proc_conf(), conf, credential_name);
	s->list = sodium_allocarray(conf->n_credentials,
	    sizeof(s->list[0]));
	if (s->list == NULL)
		fatal("no memory for credentials: %s", strerror(errno));
	if ((r = read_all(s, conf, why, size)) == -1)
		credentials_free(&s);
	else
		sodium_mprotect_noaccess(s->list);
	close_files();
	new_credentials = s;
	return r;
}

static void
commit(void)
{
	credentials_free(&credentials);
	credentials = new_credentials;
	new_credentials = NULL;
}

/* ---- who asks ---------------------------------------------------------- */

static void
give(struct peer *p, uint32_t id, struct credentials *s, int i)
{
	const struct credential	*c = &s->list[i];
	struct cred		 m = { .result = SECRET_OK };

	sodium_mprotect_readonly(s->list);
	m.user = str_bytes(c->user, c->n_user);
	m.password = str_bytes(c->password, c->n_password);
	peer_send(p, CRED, id, &m);
	sodium_mprotect_noaccess(s->list);
}

void
on_cred_ask(struct peer *p, uint32_t id, const struct cred_ask *m)
{
	struct credentials	*s = credentials;
	struct cred		 no = { .result = SECRET_UNKNOWN };
	int			 i;

	if (new_credentials != NULL &&
	    new_credentials->numbering.conf == m->conf)
		s = new_credentials;
	if (!peer_rate_take(p, &rate, 1)) {
		no.result = SECRET_BUSY;
		peer_send(p, CRED, id, &no);
	} else if ((i = numbering_find(&s->numbering, m->conf,
	    m->credential)) == -1)
		peer_send(p, CRED, id, &no);
	else
		give(p, id, s, i);
}

const struct keyd_part	 cred_part = {
	.role = ROLE_KEYD_CRED,
	.prepare = prepare,
	.configure = configure,
	.commit = commit,
	.drop = drop,
	.secret = secret,
	.peer_up = peer_rate_up,
	.peer_down = peer_rate_down,
};
