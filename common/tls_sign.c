/*
 * Signatures made by keyd, while OpenSSL waits.  A handshake runs in a fibre
 * of OpenSSL's (ASYNC_start_job(3)).  When it has something to sign, that is
 * noted and the fibre rests; the loop goes on, asks keyd, and runs the
 * handshake again when the answer has come.  In a fibre, whose stack is
 * small, nothing is done but copying.
 *
 * A resting fibre cannot be freed: it has to come to its end.  So whoever
 * gives a connection up runs it once more, with nothing signed.
 */
#include <openssl/async.h>

#include <stdlib.h>

#include "io.h"
#include "log.h"
#include "tls_private.h"

/*
 * Fibres of a process, each with a stack of 32 KiB that it keeps: what keyd
 * signs with RSA-2048 in 50 ms, which is how long it may be busy with one
 * read.  Further handshakes wait for their turn.
 */
#define FIBRES_MAX	64

enum job_state { JOB_NOTED, JOB_ASKED, JOB_SIGNED, JOB_FAILED };

struct tls_job {
	enum job_state	 state;
	struct peer	*keyd;		/* while asked */
	uint32_t	 id;
	struct tls_sign	 m;
	uint8_t		 tbs[TLS_TBS_MAX];
	uint8_t		 signature[SIGNATURE_MAX];
	size_t		 len;
};

static TAILQ_HEAD(, tls_conn)	 waiting = TAILQ_HEAD_INITIALIZER(waiting);
static struct tls_conn		*running;	/* whose fibre it is */

void
tls_sign_setup(void)
{
	if (ASYNC_init_thread(FIBRES_MAX, 0) != 1)
		fatal("tls: cannot set up OpenSSL's fibres");
}

/* ---- in the fibre ------------------------------------------------------ */

static struct tls_job *
note(const struct tls_sign *m)
{
	struct tls_job	*j;

	if (m->tbs.n > sizeof(j->tbs) || (j = calloc(1, sizeof(*j))) == NULL)
		return NULL;
	j->m = *m;
	memcpy(j->tbs, m->tbs.p, m->tbs.n);
	j->m.tbs.p = (const char *)j->tbs;
	return j;
}

static int
result(const struct tls_job *j, uint8_t *sig, size_t size, size_t *len)
{
	if (j->state != JOB_SIGNED || j->len > size)
		return -1;
	memcpy(sig, j->signature, j->len);
	*len = j->len;
	return 0;
}

int
tls_sign(const struct tls_sign *m, uint8_t *sig, size_t size, size_t *len)
{
	struct tls_conn	*c = running;
	int		 r;

	if (c == NULL || c->giving_up || c->job != NULL ||
	    ASYNC_get_current_job() == NULL || (c->job = note(m)) == NULL)
		return -1;
	do
		ASYNC_pause_job();
	while (tls_sign_waits(c) && !c->giving_up);
	r = result(c->job, sig, size, len);
	free(c->job);
	c->job = NULL;
	return r;
}

/* ---- outside ----------------------------------------------------------- */

bool
tls_sign_waits(const struct tls_conn *c)
{
	return c->job != NULL &&
	    (c->job->state == JOB_NOTED || c->job->state == JOB_ASKED);
}

static void
end(struct tls_conn *c, enum job_state state)
{
	c->job->state = state;
	c->job->keyd = NULL;
	io_filter_ready(c->io);
}

static void
on_lost(void *asker, enum lost_why why)
{
	struct tls_conn	*c = asker;

	tls_set_why(c, why == LOST_TIMEOUT ? "keyd has not signed in time" :
	    "keyd went away");
	end(c, JOB_FAILED);
}

void
on_tls_signed(struct peer *p, void *asker, const struct tls_signed *m)
{
	static const char *const	 why[SECRET_RESULT_N] = {
		[SECRET_OK] = "keyd has signed nothing",
		[SECRET_REFUSED] = "keyd refused to sign",
		[SECRET_UNKNOWN] = "keyd has not got the key",
		[SECRET_BUSY] = "keyd is too busy to sign",
	};
	struct tls_conn			*c = asker;

	(void)p;
	if (c == NULL)
		return;
	if (m->result != SECRET_OK || m->signature.n == 0) {
		tls_set_why(c, "%s", why[m->result]);
		end(c, JOB_FAILED);
		return;
	}
	memcpy(c->job->signature, m->signature.p, m->signature.n);
	c->job->len = m->signature.n;
	end(c, JOB_SIGNED);
}

/* The fibre rests: what it has noted is asked for. */
static void
ask(struct tls_conn *c)
{
	struct tls_job	*j = c->job;

	if (j == NULL || j->state != JOB_NOTED)
		return;
	j->keyd = tls_keyd_peer();
	j->id = peer_ask(j->keyd, TLS_SIGN, &j->m, on_lost, c, TLS_SIGN_MS);
	j->state = JOB_ASKED;
	if (j->id != 0)
		return;
	tls_set_why(c, j->keyd == NULL ? "keyd is not there" :
	    "keyd is too busy to sign");
	end(c, JOB_FAILED);
}

/* Not more handshakes than fibres; in the order in which they came. */
static void
queue(struct tls_conn *c)
{
	if (!c->queued)
		TAILQ_INSERT_TAIL(&waiting, c, next);
	c->queued = true;
}

static void
unqueue(struct tls_conn *c)
{
	if (c->queued)
		TAILQ_REMOVE(&waiting, c, next);
	c->queued = false;
}

/* A fibre may have become free.  Who is called in vain queues again. */
static void
next(void)
{
	struct tls_conn	*c = TAILQ_FIRST(&waiting);

	if (c == NULL)
		return;
	unqueue(c);
	io_filter_ready(c->io);
}

static int
run(struct tls_conn *c)
{
	int	 r;

	running = c;
	r = SSL_get_error(c->ssl, SSL_do_handshake(c->ssl));
	running = NULL;
	return r;
}

int
tls_sign_handshake(struct tls_conn *c)
{
	int	 r = run(c);

	if (r == SSL_ERROR_WANT_ASYNC)
		ask(c);
	else if (r == SSL_ERROR_WANT_ASYNC_JOB)
		queue(c);
	else
		next();
	return r;
}

void
tls_sign_give_up(struct tls_conn *c)
{
	unqueue(c);
	if (c->job != NULL) {
		if (c->job->keyd != NULL)
			peer_forget(c->job->keyd, c->job->id);
		c->giving_up = true;
		(void)run(c);		/* the fibre comes to its end */
	}
	next();
}
