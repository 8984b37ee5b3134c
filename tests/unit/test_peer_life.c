/*
 * A peer from its first word to its last: what is queued for it and does not
 * go out, what is heard when it goes, and what can be said without a loop.
 * What it may say is the gate's matter (test_peer, test_gate).
 */
#include "peer_harness.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "no_memory.h"

static const struct nothing	 nothing;

/* ---- a kernel without room --------------------------------------------- */

ssize_t	 __real_send(int, const void *, size_t, int);
ssize_t	 __wrap_send(int, const void *, size_t, int);

static unsigned	 no_room;	/* so often it says so */

ssize_t
__wrap_send(int fd, const void *p, size_t n, int flags)
{
	if (no_room == 0)
		return __real_send(fd, p, n, flags);
	no_room--;
	errno = ENOBUFS;
	return -1;
}

/* ---- how much waits ---------------------------------------------------- */

static int
stop(struct end *e)
{
	return peer_send(e->p, STOP, 0, &nothing);
}

/* As many as it takes. */
static unsigned
fill(struct end *e)
{
	static char		 line[LOG_TEXT_LINE_MAX];
	const struct log_line	 m = { .text = str_bytes(line,
	    sizeof(line)) };
	unsigned		 n = 0;

	for (; !peer_is_full(e->p); n++)
		assert_int_equal(peer_send(e->p, LOG_LINE, 0, &m), 0);
	return n;
}

static void
is_full_by_octets(void **state)
{
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_MASTER, ROLE_LOG);
	fill(&e);
	assert_true(frame_waiting(&e.p->channel) > FRAME_OUT_HIGH);
	/* what can wait is not asked, and what cannot goes behind it */
	assert_int_equal(peer_ask(e.p, PING, &nothing, on_request_lost, NULL,
	    0), 0);
	assert_int_equal(stop(&e), 0);
	finish(&e);
}

static void
is_full_by_descriptors(void **state)
{
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_MASTER, ROLE_QUEUED);
	for (unsigned i = 0; i <= FRAME_FDS_HIGH; i++) {
		assert_false(peer_is_full(e.p));
		assert_int_equal(peer_send_fd(e.p, CONF, 0,
		    fd_for(SEALED_FD), &nothing), 0);
	}
	assert_true(peer_is_full(e.p));
	finish(&e);
}

/* Its socket is full: nothing is lost, and what is last comes last. */
static void
waits_until_it_reads(void **state)
{
	unsigned	 queued, came = 0, last = MSG_HELLO;
	struct frame	*f;
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_MASTER, ROLE_LOG);
	queued = fill(&e);
	turn();
	assert_true(event_pending(e.p->writable, EV_WRITE, NULL));
	assert_int_equal(stop(&e), 0);
	while (last != MSG_STOP) {
		turn();
		assert_int_equal(frame_read(&e.ch), FRAME_OK);
		for (; frame_next(&e.ch, &f) == FRAME_OK; last = f->type)
			came += f->type == MSG_LOG_LINE;
	}
	assert_int_equal(came, queued);
	assert_int_equal(frame_waiting(&e.p->channel), 0);
	finish(&e);
}

/* The kernel lacks room for a while, with the loop and without it. */
static void
waits_until_there_is_room(void **state)
{
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_MASTER, ROLE_QUEUED);
	no_room = 2;
	assert_int_equal(stop(&e), 0);
	while (frame_waiting(&e.p->channel) != 0)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(no_room, 0);
	no_room = 2;
	assert_int_equal(stop(&e), 0);
	peer_drain(e.p, 10000);
	assert_int_equal(frame_waiting(&e.p->channel), 0);
	assert_int_equal(no_room, 0);
	finish(&e);
}

/* It becomes writable in the turn in which it is given up. */
static void
is_closed_while_it_waits(void **state)
{
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_MASTER, ROLE_LOG);
	fill(&e);
	turn();
	event_active(e.p->writable, EV_WRITE, 0);
	peer_close(e.p);
	peer_close(e.p);
	peer_fault(e.p, "late");
	assert_string_equal(fault, "");
	assert_int_equal(stop(&e), -1);
	turn();
	assert_int_equal(n_lost, 1);
	finish(&e);
}

/* ---- what cannot be said ----------------------------------------------- */

static void
out_of_bounds_ends_it(void **state)
{
	static char		 line[LOG_TEXT_LINE_MAX + 1];
	const struct log_line	 m = { .text = str_bytes(line,
	    sizeof(line)) };
	struct end		 e;

	(void)state;
	connect_as(&e, ROLE_MASTER, ROLE_LOG);
	assert_int_equal(peer_send(e.p, LOG_LINE, 0, &m), -1);
	turn();
	assert_int_equal(n_lost, 1);
	finish(&e);
}

/* The same for a request: its asker hears of it once, as of any other. */
static void
a_request_out_of_bounds(void **state)
{
	static char	 name[ADDRESS_MAX + 1];
	struct hosts_ask ask = { .name = str_bytes(name, sizeof(name)) };
	struct end	 e;

	(void)state;
	n_lost_requests = 0;
	connect_as(&e, ROLE_DELIVERD_OUT, ROLE_RESOLVERD);
	assert_int_equal(peer_ask(e.p, HOSTS_ASK, &ask, on_request_lost,
	    &ask, 0), 0);
	turn();
	assert_int_equal(n_lost, 1);
	assert_int_equal(n_lost_requests, 0);
	finish(&e);
}

/* No peer, or one that has gone: told at once, and descriptors are closed. */
static void
nobody_is_there(void **state)
{
	struct end	 e;
	int		 fd = fd_for(READ_FD), other = fd_for(READ_FD);

	(void)state;
	assert_int_equal(peer_send_fd((struct peer *)NULL, CONF, 0, fd,
	    &nothing), -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	peer_forget(NULL, 5);
	connect_as(&e, ROLE_MASTER, ROLE_QUEUED);
	assert_int_equal(peer_take_fd(e.p), -1);
	peer_close(e.p);
	assert_int_equal(peer_ask_fd(e.p, PING, other, &nothing,
	    on_request_lost, NULL, 0), 0);
	assert_int_equal(fcntl(other, F_GETFD), -1);
	turn();
	finish(&e);
}

/* It reads no more, but may have said why: that is still heard. */
static void
its_last_words(void **state)
{
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_QUEUED, ROLE_MASTER);
	frame_put(&e.ch, MSG_STOP, 0, -1, put_raw, &STR_NONE);
	frame_flush(&e.ch);
	frame_clear(&e.ch);
	assert_int_equal(peer_send(e.p, LEAVING, 0, &nothing), 0);
	peer_drain(e.p, 0);
	event_active(e.p->flush, EV_TIMEOUT, 0);
	e.p->mute = true;
	assert_int_equal(peer_ask(e.p, PING, &nothing, on_request_lost, NULL,
	    0), 0);
	assert_int_equal(handled[MSG_STOP], 0);
	turn();
	assert_int_equal(handled[MSG_STOP], 1);
	assert_int_equal(n_lost, 1);
}

/* An answer that nobody waits for takes no credit from those that follow. */
static void
an_answer_to_nobody(void **state)
{
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_QUEUED, ROLE_MASTER);
	assert_int_equal(peer_send(e.p, PONG, 8, &nothing), 0);
	assert_int_equal(e.p->open[MSG_PING], 0);
	say(&e, MSG_PING, 9, -1, STR_NONE);
	assert_int_equal(handled[MSG_PING], 1);
	say(&e, MSG_PING, 10, -1, STR_NONE);
	refused(&e, MSG_N - 1, "no-credit");
}

/* ---- memory ------------------------------------------------------------ */

static void
no_memory_for_a_request(void **state)
{
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_MASTER, ROLE_QUEUED);
	no_memory_from(1);
	assert_int_equal(peer_ask(e.p, PING, &nothing, on_request_lost, NULL,
	    0), 0);
	no_memory_from(0);
	/* and nothing has come of it: there is one in the credit still */
	assert_int_not_equal(peer_ask(e.p, PING, &nothing, on_request_lost,
	    NULL, 0), 0);
	finish(&e);
}

static void *
no_malloc(size_t n)
{
	(void)n;
	return NULL;
}

static void *
no_realloc(void *p, size_t n)
{
	(void)p, (void)n;
	return NULL;
}

/* Without events a process is of no use: it ends, and is started again. */
static void
no_memory_for_events(void **state)
{
	int	 status, s[2];
	pid_t	 pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	if ((pid = fork()) == 0) {
		event_set_mem_functions(no_malloc, no_realloc, free);
		peer_new(s[0], ROLE_MASTER, 0, 0, &all_handlers, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 70);	/* EX_SOFTWARE */
	close(s[0]);
	close(s[1]);
}

/* ---- without a loop ---------------------------------------------------- */

static void
waits_for_a_word(void **state)
{
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_QUEUED, ROLE_MASTER);
	assert_int_equal(peer_wait(e.p, 0), -1);	/* the time is over */
	assert_false(e.p->down);
	frame_put(&e.ch, MSG_STOP, 0, -1, put_raw, &STR_NONE);
	frame_flush(&e.ch);
	assert_int_equal(peer_wait(e.p, 10000), 0);
	assert_int_equal(handled[MSG_STOP], 1);
	frame_clear(&e.ch);
	assert_int_equal(peer_wait(e.p, 10000), -1);	/* it has gone */
	assert_true(e.p->down);
	assert_int_equal(peer_wait(e.p, 10000), -1);
	turn();
	assert_int_equal(n_lost, 1);
}

/* A last word to one that does not read is given up. */
static void
does_not_wait_for_ever(void **state)
{
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_MASTER, ROLE_LOG);
	fill(&e);
	peer_drain(e.p, 1);
	assert_true(frame_waiting(&e.p->channel) != 0);
	finish(&e);
}

static void
heard(int signal)
{
	(void)signal;
}

/* A signal is no answer, and no error either. */
static void
waits_through_a_signal(void **state)
{
	const struct sigaction	 quiet = { .sa_handler = heard };
	struct itimerval	 soon = { { 0, 0 }, { 0, 1000 } };
	struct end		 e;

	(void)state;
	sigaction(SIGALRM, &quiet, NULL);
	connect_as(&e, ROLE_QUEUED, ROLE_MASTER);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(peer_wait(e.p, 10000), 0);
	signal(SIGALRM, SIG_DFL);
	finish(&e);
}

/* It cannot wait at all: the call comes back and does not go round. */
static void
cannot_wait(void **state)
{
	struct rlimit	 limit, none;
	struct end	 e;
	int		 r;

	(void)state;
	connect_as(&e, ROLE_QUEUED, ROLE_MASTER);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	r = peer_wait(e.p, 10000);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(r, -1);
	assert_int_equal(n_lost, 0);
	finish(&e);
}

/* ---- the end ----------------------------------------------------------- */

static void
is_heard_out(void **state)
{
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_QUEUED, ROLE_MASTER);
	for (unsigned i = 0; i < 3; i++)
		frame_put(&e.ch, MSG_STOP, 0, -1, put_raw, &STR_NONE);
	frame_flush(&e.ch);
	/* its end is open still: heard is what has come by now */
	peer_hear_out(e.p);
	assert_int_equal(handled[MSG_STOP], 3);
	assert_int_equal(n_lost, 1);
	finish(&e);
}

static void
nobody_is_told(void **state)
{
	struct peer	*p;
	int		 s[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    s), 0);
	p = peer_new(s[0], ROLE_LOG, 0, 0, &all_handlers, NULL);
	close(s[1]);
	p->lost = NULL;
	peer_end(p);
}

/* Parts of a message of no known type: it has no length that would do. */
static void
parts_of_nothing(void **state)
{
	static char	 octets[FRAME_MAX];
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_QUEUED, ROLE_MASTER);
	say(&e, MSG_N, 0, -1, str_bytes(octets, sizeof(octets)));
	refused(&e, MSG_HELLO, "malformed-frame");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(is_full_by_octets),
		cmocka_unit_test(is_full_by_descriptors),
		cmocka_unit_test(waits_until_it_reads),
		cmocka_unit_test(waits_until_there_is_room),
		cmocka_unit_test(is_closed_while_it_waits),
		cmocka_unit_test(out_of_bounds_ends_it),
		cmocka_unit_test(a_request_out_of_bounds),
		cmocka_unit_test(nobody_is_there),
		cmocka_unit_test(its_last_words),
		cmocka_unit_test(an_answer_to_nobody),
		cmocka_unit_test(no_memory_for_a_request),
		cmocka_unit_test(no_memory_for_events),
		cmocka_unit_test(waits_for_a_word),
		cmocka_unit_test(does_not_wait_for_ever),
		cmocka_unit_test(waits_through_a_signal),
		cmocka_unit_test(cannot_wait), cmocka_unit_test(is_heard_out),
		cmocka_unit_test(nobody_is_told),
		cmocka_unit_test(parts_of_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
