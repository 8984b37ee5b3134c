/*
 * Checks of passwords, from the loop to a thread and back:
 *
 *	free -> waiting -> (a thread has it) -> done -> free
 *
 * The lists are under the lock; peer and id are the loop's alone.  A check
 * that has waited too long passes through the thread without being computed;
 * one that waits when its peer is lost does not come to it.
 */
#include "auth_queue.h"

#include <sys/eventfd.h>
#include <sys/queue.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <event2/event.h>
#include <sodium.h>

#include "clock.h"
#include "log.h"

#include "auth_verify.h"

#define THREAD_STACK	(256 << 10)	/* bcrypt has some 10 KiB there */
#define CHECKS		(AUTH_QUEUE_MAX + AUTH_THREADS)

struct check {
	STAILQ_ENTRY(check) entry;
	struct peer	*peer;		/* NULL: nobody waits */
	uint32_t	 id;
	uint64_t	 since_ms;
	bool		 known;
	enum secret_result result;
	struct auth_entry of;		/* its hash is the copy here */
	size_t		 n_password;
	char		 hash[AUTH_HASH_MAX + 1];
	char		 password[PASSWORD_MAX + 1];
};

STAILQ_HEAD(check_list, check);

static pthread_mutex_t	 lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t	 some = PTHREAD_COND_INITIALIZER;
static struct check	*checks;	/* CHECKS of them */
static struct check_list free_ones = STAILQ_HEAD_INITIALIZER(free_ones);
static struct check_list waiting = STAILQ_HEAD_INITIALIZER(waiting);
static struct check_list finished = STAILQ_HEAD_INITIALIZER(finished);
static int		 finished_fd = -1;
static auth_done	 on_done;

/* ---- the threads ------------------------------------------------------- */

static struct check *
take_waiting(void)
{
	struct check	*c;

	pthread_mutex_lock(&lock);
	while ((c = STAILQ_FIRST(&waiting)) == NULL)
		pthread_cond_wait(&some, &lock);
	STAILQ_REMOVE_HEAD(&waiting, entry);
	if (clock_ms() - c->since_ms > AUTH_WAIT_MS)
		c->result = SECRET_BUSY;
	pthread_mutex_unlock(&lock);
	return c;
}

static void
compute(struct check *c)
{
	bool	 right;

	if (c->result == SECRET_BUSY)
		return;
	right = auth_verify(&c->of,
	    str_bytes(c->password, c->n_password));
	if (right && c->known)
		c->result = SECRET_OK;
}

static void
wipe(struct check *c)
{
	sodium_memzero(c->password, sizeof(c->password));
	sodium_memzero(c->hash, sizeof(c->hash));
}

static void
give_back(struct check *c)
{
	static const uint64_t	 one = 1;

	pthread_mutex_lock(&lock);
	STAILQ_INSERT_TAIL(&finished, c, entry);
	pthread_mutex_unlock(&lock);
	/* an eventfd takes 2^64 - 2 of these before it would say no */
	if (write(finished_fd, &one, sizeof(one)) == -1)
		return;
}

static void *
thread_main(void *arg)
{
	struct check	*c;

	(void)arg;
	for (;;) {
		c = take_waiting();
		compute(c);
		wipe(c);
		give_back(c);
	}
	return NULL;
}

static void
start_threads(void)
{
	pthread_attr_t	 attr;
	sigset_t	 all, old;
	pthread_t	 t;
	int		 error;

	/* signals are the loop's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	for (unsigned i = 0; i < AUTH_THREADS; i++)
		if ((error = pthread_create(&t, &attr, thread_main, NULL)) !=
		    0)
			fatal("cannot start a thread: %s", strerror(error));
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void
auth_queue_start(void)
{
	if (checks != NULL)
		return;
	if (sodium_init() == -1)
		fatal("libsodium does not start");
	if ((checks = sodium_allocarray(CHECKS, sizeof(*checks))) == NULL)
		fatal("no memory for passwords: %s", strerror(errno));
	for (size_t i = 0; i < CHECKS; i++)
		STAILQ_INSERT_TAIL(&free_ones, &checks[i], entry);
	if ((finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1)
		fatal("eventfd: %s", strerror(errno));
	start_threads();
}

/* ---- the loop ---------------------------------------------------------- */

static struct check *
take_finished(void)
{
	struct check	*c;

	pthread_mutex_lock(&lock);
	if ((c = STAILQ_FIRST(&finished)) != NULL)
		STAILQ_REMOVE_HEAD(&finished, entry);
	pthread_mutex_unlock(&lock);
	return c;
}

static void
put_free(struct check *c)
{
	pthread_mutex_lock(&lock);
	STAILQ_INSERT_TAIL(&free_ones, c, entry);
	pthread_mutex_unlock(&lock);
}

static void
on_finished(evutil_socket_t fd, short what, void *arg)
{
	struct check	*c;
	uint64_t	 count;

	(void)what, (void)arg;
	if (read(fd, &count, sizeof(count)) == -1)
		return;
	while ((c = take_finished()) != NULL) {
		if (c->peer != NULL)
			on_done(c->peer, c->id, c->result);
		c->peer = NULL;
		put_free(c);
	}
}

int
auth_queue_attach(struct event_base *base, auth_done done)
{
	struct event	*ev = event_new(base, finished_fd,
			    EV_READ | EV_PERSIST, on_finished, NULL);

	on_done = done;
	return ev != NULL ? event_add(ev, NULL) : -1;
}

/* Those of the peer that no thread has yet. */
static void
drop_waiting(const struct peer *p)
{
	struct check	*c, *next;

	for (c = STAILQ_FIRST(&waiting); c != NULL; c = next) {
		next = STAILQ_NEXT(c, entry);
		if (c->peer != p)
			continue;
		STAILQ_REMOVE(&waiting, c, check, entry);
		wipe(c);
		c->peer = NULL;
		STAILQ_INSERT_TAIL(&free_ones, c, entry);
	}
}

void
auth_queue_lost(struct peer *p)
{
	pthread_mutex_lock(&lock);
	drop_waiting(p);
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < CHECKS; i++)
		if (checks[i].peer == p)
			checks[i].peer = NULL;
}

/* NULL when there is no room. */
static struct check *
take_free(void)
{
	struct check	*c;

	pthread_mutex_lock(&lock);
	if ((c = STAILQ_FIRST(&free_ones)) != NULL)
		STAILQ_REMOVE_HEAD(&free_ones, entry);
	pthread_mutex_unlock(&lock);
	return c;
}

static void
put_waiting(struct check *c)
{
	pthread_mutex_lock(&lock);
	STAILQ_INSERT_TAIL(&waiting, c, entry);
	pthread_cond_signal(&some);
	pthread_mutex_unlock(&lock);
}

static void
set_texts(struct check *c, struct str hash, struct str password)
{
	if (hash.n != 0)
		memcpy(c->hash, hash.p, hash.n);
	c->hash[hash.n] = '\0';
	c->of.hash = str_bytes(c->hash, hash.n);
	if (password.n != 0)
		memcpy(c->password, password.p, password.n);
	c->password[password.n] = '\0';
	c->n_password = password.n;
}

bool
auth_queue_put(struct peer *p, uint32_t id, const struct auth_entry *e,
    bool known, struct str password)
{
	struct check	*c;

	if (password.n > PASSWORD_MAX || e->hash.n > AUTH_HASH_MAX ||
	    (c = take_free()) == NULL)
		return false;
	c->peer = p;
	c->id = id;
	c->since_ms = clock_ms();
	c->known = known;
	c->result = SECRET_UNKNOWN;
	c->of = *e;
	set_texts(c, e->hash, password);
	put_waiting(c);
	return true;
}
