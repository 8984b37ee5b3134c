/*
 * deliverd's local role: jobs for mailboxes and the postern-locals that they
 * go to, with master, queued and those processes played by the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "box.h"
#include "clock.h"
#include "kept.h"
#include "log.h"
#include "mailbox.h"
#include "peer.h"
#include "proc_fake.h"

#define PEERS_MAX	128

static struct delivery_conf	 deliveries[2];
static struct peer		 queued_peer, master_peer;

/* the questions to master that are open, and the processes */
static void			*opening[PEERS_MAX];
static size_t			 n_opening;
static struct actor {
	struct peer	 peer;
	void		(*lost)(struct peer *);
	void		*puts[8];	/* askers */
	pending_lost	 put_lost;
	size_t		 n_puts;
} processes[PEERS_MAX];
static size_t			 n_processes;

/* ---- the process around it --------------------------------------------- */

struct peer *
proc_peer(enum role role)
{
	return role == ROLE_QUEUED ? &queued_peer : NULL;
}

struct peer *
proc_master(void)
{
	return &master_peer;
}

int
peer_send_any(struct peer *p, enum message type, uint32_t id, int fd,
    union payload_pointer x)
{
	static const char	 letters[] = "DTFR";

	(void)p, (void)id, (void)fd;
	if (type == MSG_ROUTE_WINDOW) {
		note("w%u ", x.ROUTE_WINDOW->window);
		return 0;
	}
	assert_int_equal(type, MSG_JOB_RESULT);
	note("%u:", x.JOB_RESULT->job);
	for (size_t i = 0; i < x.JOB_RESULT->n_rcpts; i++)
		note("%c%.*s ", letters[x.JOB_RESULT->rcpts[i].status],
		    STR_FMT(x.JOB_RESULT->rcpts[i].code));
	return 0;
}

uint32_t
peer_ask_any(struct peer *p, enum message type, int fd,
    union payload_pointer x, pending_lost lost, void *asker,
    uint32_t timeout_ms)
{
	struct actor	*process;

	(void)timeout_ms;
	if (fd != -1)
		close(fd);
	if (type == MSG_MAILBOX_OPEN) {
		note("open%u/%u ", x.MAILBOX_OPEN->delivery,
		    x.MAILBOX_OPEN->slot);
		opening[n_opening++] = asker;
		return 1;
	}
	assert_int_equal(type, MSG_MAILBOX_PUT);
	process = (struct actor *)p;
	note("put%.*s ", 2, x.MAILBOX_PUT->rcpt.p);
	process->puts[process->n_puts++] = asker;
	process->put_lost = lost;
	return 1;
}

struct peer *
peer_new(int fd, enum role role, uint16_t index, uint32_t generation,
    const struct handlers *handlers, void (*lost)(struct peer *))
{
	struct actor	*process = &processes[n_processes++];

	(void)index, (void)generation;
	close(fd);
	*process = (struct actor){ .lost = lost };
	process->peer.role = role;
	process->peer.handlers = handlers;
	return &process->peer;
}

void
peer_forget(struct peer *p, uint32_t id)
{
	(void)p, (void)id;
}

int
peer_take_fd(struct peer *p)
{
	(void)p;
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

void
peer_close(struct peer *p)
{
	note("close ");
	p->down = true;
}

void
peer_fault(struct peer *p, const char *what)
{
	(void)p;
	note("fault-%s ", what);
}

/* ---- master, queued and postern-local ---------------------------------- */

static void
master_opens(bool ok)
{
	struct mailbox_opened	 m = { .ok = ok, .why = STR("no") };

	assert_true(n_opening != 0);
	box_on_opened(&master_peer, opening[--n_opening], &m);
}

/* It has another configuration by now. */
static void
master_changed(void)
{
	struct mailbox_opened	 m = { .again = true };

	assert_true(n_opening != 0);
	box_on_opened(&master_peer, opening[--n_opening], &m);
}

/* The oldest mail of that process is done. */
static void
process_does(size_t i, enum rcpt_status status, const char *code)
{
	struct actor		*p = &processes[i];
	struct mailbox_done	 m = { .status = status,
				    .code = str_of(code),
				    .text = STR("so") };
	void			*asker = p->puts[0];

	assert_true(p->n_puts != 0);
	p->n_puts--;
	memmove(p->puts, p->puts + 1, p->n_puts * sizeof(p->puts[0]));
	p->peer.handlers->MAILBOX_DONE(&p->peer, asker, &m);
}

static void
process_dies(size_t i)
{
	struct actor	*p = &processes[i];

	p->peer.down = true;
	while (p->n_puts != 0)
		p->put_lost(p->puts[--p->n_puts], LOST_PEER);
	p->lost(&p->peer);
}

static uint32_t	 next_job;

static void
wake(uint32_t route, uint16_t delivery)
{
	struct route_wake	 m = { .route = route,
				    .transport = TRANSPORT_LOCAL,
				    .delivery = delivery };

	mailbox_wake(&m);
}

static void
send_job_of(uint32_t number, uint32_t route, size_t rcpts, uint32_t slot)
{
	static const char *const	names[] = { "a@b.test", "b@b.test",
					    "c@b.test", "d@b.test" };
	struct job_rcpt			list[4] = { 0 };
	struct job			m = { .job = next_job++,
					    .conf = number,
					    .route = route, .rcpts = list,
					    .n_rcpts = rcpts,
					    .header = STR("\r\n"),
					    .size = 2 };
	struct result			*r;

	for (size_t i = 0; i < rcpts; i++) {
		list[i].slot = slot;
		list[i].rcpt.address = str_of(names[i]);
	}
	r = result_new(&m);
	assert_int_equal(kept_add(r), 0);
	mailbox_job(route, task_new(&m, -1, r));
}

static void
send_job(uint32_t route, size_t rcpts, uint32_t slot)
{
	send_job_of(conf.number, route, rcpts, slot);
}

static void
check(const char *text)
{
	assert_string_equal(said, text);
	said[0] = '\0';
}

static int
setup(void **state)
{
	(void)state;
	said[0] = '\0';
	n_opening = n_processes = 0;
	next_job = 1;
	deliveries[0].as_recipient = false;
	deliveries[1].as_recipient = true;
	return 0;
}

/* Nothing is in hand; what is open closes. */
static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_processes; i++)
		if (!processes[i].peer.down)
			process_dies(i);
	mailbox_queued_lost();
	for (uint32_t j = 1; j < next_job; j++)
		(void)kept_done(j);
	return 0;
}

/* ---- tests ------------------------------------------------------------- */

static void
test_one(void **state)
{
	(void)state;
	wake(1, 0);
	check("w20 ");
	send_job(1, 1, 7);
	check("open0/0 ");
	master_opens(true);
	check("puta@ ");
	process_does(0, RCPT_DELIVERED, "2.0.0");
	check("1:D2.0.0 ");
	/* it is open now */
	send_job(1, 1, 8);
	check("puta@ ");
	process_does(0, RCPT_FAILED, "5.1.1");
	check("2:F5.1.1 ");
}

/*
 * Numbers of rules and accounts mean what they mean in one configuration: a
 * job of another goes back untried, and so does one that was waiting when
 * master had a new one already.  A mailbox that is open is never used by
 * another number.
 */
static void
test_reload(void **state)
{
	(void)state;
	wake(1, 0);
	check("w20 ");
	send_job(1, 1, 7);
	check("open0/0 ");
	master_changed();
	check("1:R ");
	conf.number++;
	send_job_of(conf.number - 1, 1, 1, 7);
	check("2:R ");
	send_job(1, 1, 7);
	check("open0/0 ");
	master_opens(true);
	check("puta@ ");
	conf.number++;
	send_job(1, 1, 7);
	check("open0/0 ");
	master_opens(true);
	check("puta@ ");
	process_does(0, RCPT_DELIVERED, "2.0.0");
	process_does(1, RCPT_DELIVERED, "2.0.0");
	check("3:D2.0.0 4:D2.0.0 ");
}

/* Two at a time, results in one message, in the recipients' order. */
static void
test_recipients(void **state)
{
	(void)state;
	wake(1, 0);
	send_job(1, 4, 0);
	master_opens(true);
	check("w20 open0/0 puta@ putb@ ");
	process_does(0, RCPT_DELIVERED, "2.0.0");
	process_does(0, RCPT_FAILED, "5.1.1");
	check("putc@ putd@ ");
	process_does(0, RCPT_DEFERRED, "4.2.2");
	process_does(0, RCPT_DELIVERED, "2.0.0");
	check("1:D2.0.0 F5.1.1 T4.2.2 D2.0.0 ");
}

static void
test_slots(void **state)
{
	(void)state;
	wake(1, 1);
	send_job(1, 1, 7);
	send_job(1, 1, 8);
	send_job(1, 1, 7);
	check("w20 open1/7 open1/8 ");
	master_opens(true);
	master_opens(true);
	check("puta@ puta@ puta@ ");
}

static void
test_refused(void **state)
{
	(void)state;
	wake(1, 0);
	send_job(1, 2, 0);
	master_opens(false);
	check("w20 open0/0 1:T4.3.5 T4.3.5 ");
}

/* What a dead process had is deferred; what waited goes to the next. */
static void
test_death(void **state)
{
	(void)state;
	wake(1, 0);
	send_job(1, 4, 0);
	master_opens(true);
	process_does(0, RCPT_DELIVERED, "2.0.0");
	check("w20 open0/0 puta@ putb@ putc@ ");
	process_dies(0);
	check("open0/0 ");
	master_opens(true);
	check("putd@ ");
	process_does(1, RCPT_DELIVERED, "2.0.0");
	check("1:D2.0.0 T4.3.0 T4.3.0 D2.0.0 ");
}

/* One that never does anything is not started again and again. */
static void
test_early_death(void **state)
{
	(void)state;
	wake(1, 0);
	send_job(1, 4, 0);
	master_opens(true);
	said[0] = '\0';
	process_dies(0);
	check("1:T4.3.0 T4.3.0 T4.3.0 T4.3.0 ");
	assert_int_equal(n_opening, 0);
}

static void
test_nonsense(void **state)
{
	(void)state;
	wake(1, 0);
	send_job(1, 1, 0);
	master_opens(true);
	said[0] = '\0';
	process_does(0, RCPT_RETURNED, "");
	check("fault-no-such-mail 1:T4.3.0 ");
}

/* Only so many at a time: an idle one makes room. */
static void
test_room(void **state)
{
	const size_t	 max = MAILBOXES_MAX - 4;

	(void)state;
	wake(1, 1);
	for (uint32_t i = 0; i < max + 1; i++)
		send_job(1, 1, i);
	assert_int_equal(n_opening, max);
	while (n_opening != 0)
		master_opens(true);
	said[0] = '\0';
	process_does(5, RCPT_DELIVERED, "2.0.0");
	/* master answered the last first */
	check("55:D2.0.0 close ");
	process_dies(5);
	check("open1/60 ");
	master_opens(false);
	check("61:T4.3.5 ");
}

static void
test_unknown_route(void **state)
{
	(void)state;
	send_job(4711, 1, 0);
	check("1:R ");
}

static void
test_stop(void **state)
{
	(void)state;
	wake(1, 0);
	send_job(1, 1, 0);
	master_opens(true);
	stopping = true;
	mailbox_stop(on_stopped);
	assert_false(stopped);
	said[0] = '\0';
	send_job(1, 1, 0);
	check("2:R ");
	process_does(0, RCPT_DELIVERED, "2.0.0");
	check("1:D2.0.0 ");
	assert_true(stopped);
}

#define TEST(test)	cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST(test_one),
		TEST(test_reload),
		TEST(test_recipients),
		TEST(test_slots),
		TEST(test_refused),
		TEST(test_death),
		TEST(test_early_death),
		TEST(test_nonsense),
		TEST(test_room),
		TEST(test_unknown_route),
		TEST(test_stop),	/* the last: it cannot be undone */
	};

	log_set_sink(no_log);
	base = event_base_new();
	conf.deliveries = deliveries;
	conf.n_deliveries = sizeof(deliveries) / sizeof(deliveries[0]);
	mailbox_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
