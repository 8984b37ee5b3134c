/*
 * queued in a storm: one that sends mail and two workers who know the right
 * numbers and use them at random - results for jobs that are theirs, or
 * another's, or done; jobs resumed that are in other hands, or being stored;
 * windows, routes down, files dropped; and they die often.  queued must
 * live, let go of all descriptors, and read its spool again afterwards.
 *
 * usage: queued_storm_probe BUILD [STEPS [SEED]]	(needs no root)
 */
#include "driver.h"

#include "sample.h"

#define STEPS		20000
#define IDS		4000		/* so that some come again */
#define KNOWN_MAX	64		/* jobs and routes remembered */
#define SETTLE_MS	DEADLINE_MS
#define FLUSHERS	8		/* as in queued/work.h: each opens the
					 * segment for itself, when it must */

enum who { MX, OUT, LOCAL_BOXES, WHO_N };

static const enum role		 role_of_who[WHO_N] = { ROLE_SMTPD_MX,
    ROLE_DELIVERD_OUT, ROLE_DELIVERD_LOCAL };
static struct child		 ch;
static struct frame_channel	 links[WHO_N] = { { .fd = -1 }, { .fd = -1 },
    { .fd = -1 } };
static struct sampler		 chance;
/* what was heard of late, by whomever */
static uint32_t			 routes[KNOWN_MAX], larges[KNOWN_MAX];
static struct known_job {
	uint32_t		 number;
	enum who		 who;
	uint16_t		 index[3];
	size_t			 n;
} jobs[KNOWN_MAX];
static size_t			 n_jobs, n_routes, n_larges;
static unsigned			 n_results, n_mails;

static size_t
below(size_t n)
{
	return (size_t)(sample_number(&chance) % n);
}

static uint32_t
one_of(const uint32_t *list, size_t n)
{
	n = n < KNOWN_MAX ? n : KNOWN_MAX;
	return n == 0 || below(100) == 0 ? (uint32_t)below(10) :
	    list[below(n)];
}

static struct msgid
some_id(void)
{
	return (struct msgid){ { 1, (uint8_t)below(250),
	    (uint8_t)below(IDS / 250) } };
}

/* ---- hearing ----------------------------------------------------------- */

static void
remember(uint32_t *list, size_t *n, uint32_t x)
{
	list[(*n)++ % KNOWN_MAX] = x;
}

static void
remember_job(const struct job *m, enum who who)
{
	struct known_job	*j = &jobs[n_jobs++ % KNOWN_MAX];

	*j = (struct known_job){ .number = m->job, .who = who };
	for (; j->n < m->n_rcpts && j->n < 3; j->n++)
		j->index[j->n] = m->rcpts[j->n].index;
}

static void
on_message(const struct frame *f, enum who who)
{
	struct arena	 a = ARENA_INIT(8 << 20);
	union payload	 u;
	struct wire	 w;

	wire_init(&w, f->payload.p, f->payload.n);
	if (message_rule(f->type)->decode(&w, &a, &u) == -1)
		errx(1, "queued sends a malformed %s", message_name(f->type));
	if (f->type == MSG_JOB)
		remember_job(&u.job, who);
	else if (f->type == MSG_ROUTE_WAKE)
		remember(routes, &n_routes, u.route_wake.route);
	else if (f->type == MSG_LARGE_OPENED)
		remember(larges, &n_larges, u.large_opened.large);
	else if (f->type == MSG_MAIL_STORED)
		n_mails += u.mail_stored.result == STORE_OK;
	else if (f->type == MSG_JOB_KEPT)
		n_results += (unsigned)u.job_kept.n_jobs;
	arena_clear(&a);
}

static void
drain(enum who who)
{
	struct frame_channel	*c = &links[who];
	enum frame_result	 r = FRAME_OK;
	struct frame		*f;

	while (c->fd != -1 && r == FRAME_OK) {
		if ((r = frame_read(c)) == FRAME_CLOSED)
			frame_clear(c);
		while (r == FRAME_OK && frame_next(c, &f) == FRAME_OK)
			on_message(f, who);
	}
}

/* ---- saying ------------------------------------------------------------ */

static struct frame_channel *
worker(void)
{
	return &links[OUT + below(2)];
}

static void
do_submit(void)
{
	static const struct str	 names[] = { STR("a@here.test"),
	    STR("b@here.test"), STR("c@relay.test"), STR("d@relay.test") };
	struct recipient	 rcpts[3] = { 0 };
	struct mail_submit	 m = { .envelope = { .id = some_id(),
	    .sender = STR("s@here.test"), .verified = below(2),
	    .rcpts = rcpts, .n_rcpts = below(4) },
	    .header = STR("A: b\r\n\r\n"), .body = STR("x\r\n") };

	for (size_t i = 0; i < m.envelope.n_rcpts; i++)
		rcpts[i].address = names[below(4)];
	if (below(40) == 0) {
		m.large = one_of(larges, n_larges);
		m.large_size = below(2);
		m.body = STR_NONE;
	}
	tell(&links[MX], MSG_MAIL_SUBMIT, 1, -1, &m);
}

static void
do_large(void)
{
	struct nothing		 nothing;
	struct large_drop	 drop = { one_of(larges, n_larges) };

	if (below(20) != 0)
		tell(&links[MX], MSG_LARGE_OPEN, 1, -1, &nothing);
	else
		tell(&links[MX], MSG_LARGE_DROP, 0, -1, &drop);
}

static void
do_window(void)
{
	static const uint32_t	 windows[] = { 0, 1, 1, 2, 20, UINT32_MAX };
	struct route_window	 m = { one_of(routes, n_routes),
	    windows[below(6)] };

	tell(worker(), MSG_ROUTE_WINDOW, 0, -1, &m);
}

static void
do_down(void)
{
	struct route_down	 m = { one_of(routes, n_routes),
	    (uint32_t)below(2), STR("down") };

	tell(worker(), MSG_ROUTE_DOWN, 0, -1, &m);
}

static void
do_result(void)
{
	const struct known_job	*j = &jobs[below(n_jobs < KNOWN_MAX ?
	    n_jobs + 1 : KNOWN_MAX) % KNOWN_MAX];
	struct rcpt_result	 r[3] = { 0 };
	struct job_result	 m = { .job = j->number, .rcpts = r,
	    .n_rcpts = j->n, .host = STR("mx.test") };

	if (below(50) == 0)
		m.n_rcpts = below(4);
	for (size_t i = 0; i < m.n_rcpts; i++)
		r[i] = (struct rcpt_result){
			.index = below(50) == 0 ? (uint16_t)below(4) :
			    j->index[i],
			.status = (enum rcpt_status)below(RCPT_STATUS_N),
			.code = STR("4.0.0"), .reply = STR("a reply"),
		};
	tell(below(20) == 0 ? worker() : &links[j->who], MSG_JOB_RESULT, 0,
	    -1, &m);
}

static void
do_resume(void)
{
	struct rcpt_index	 r[4];
	uint32_t		 number = below(2) ?
	    jobs[below(KNOWN_MAX)].number : (uint32_t)sample_number(&chance);
	struct job_resume	 m = { number, some_id(), r, below(5) };
	struct nothing		 nothing;

	for (size_t i = 0; i < 4; i++)
		r[i].index = (uint16_t)below(4);
	if (below(8) == 0)
		tell(worker(), MSG_JOB_RESUMED, 0, -1, &nothing);
	else
		tell(worker(), MSG_JOB_RESUME, 0, -1, &m);
}

static void
do_ask(void)
{
	struct mail_ask	 m = { some_id() };

	tell(&links[MX], MSG_MAIL_ASK, 1, -1, &m);
}

static void
do_die(void)
{
	frame_clear(&links[below(WHO_N)]);
}

static const struct {
	void		(*act)(void);
	unsigned	 weight;
} acts[] = {
	{ do_submit, 30 }, { do_large, 5 }, { do_window, 15 },
	{ do_down, 2 }, { do_result, 30 }, { do_resume, 10 }, { do_ask, 2 },
	{ do_die, 1 },
};

static void
step(void)
{
	size_t	 at = below(95), i = 0;
	struct nothing	 nothing;

	for (enum who w = 0; w < WHO_N; w++)
		if (links[w].fd == -1) {
			connect_as(&ch, role_of_who[w], &links[w]);
			if (w != MX && below(4) != 0)
				tell(&links[w], MSG_JOB_RESUMED, 0, -1,
				    &nothing);
		}
	while (at >= acts[i].weight)
		at -= acts[i++].weight;
	acts[i].act();
}

/* ---- the storm --------------------------------------------------------- */

static bool
storm(unsigned steps, unsigned *at)
{
	for (*at = 0; *at < steps; (*at)++) {
		step();
		if (below(4) == 0 && !lives(&ch))
			return false;
		for (enum who w = 0; w < WHO_N; w++)
			drain(w);
	}
	return lives(&ch);
}

static void
check_fds(int before)
{
	uint64_t	 until = clock_ms() + SETTLE_MS;
	char		 more[64];
	int		 now;

	if (before == -1)
		return;			/* we may not look */
	while ((now = count_fds(&ch)) > before + FLUSHERS && clock_ms() < until)
		take_in(&ch, 20);
	snprintf(more, sizeof(more), "%d before, %d now", before, now);
	verdict(now <= before + FLUSHERS, ROLE_QUEUED, "descriptors", "", more);
}

int
main(int argc, char **argv)
{
	unsigned	 steps = argc > 2 ? (unsigned)atoi(argv[2]) : STEPS;
	unsigned	 at = 0;
	char		 more[96];
	int		 before;

	driver_setup(argc, argv);
	chance.state = argc > 3 ? strtoull(argv[3], NULL, 0) : 5321;
	printf("seed %llu, %u steps\n", (unsigned long long)chance.state,
	    steps);
	if (!start(&ch, ROLE_QUEUED) || !lives(&ch))
		errx(1, "queued does not start");
	before = count_fds(&ch);
	if (!storm(steps, &at)) {
		snprintf(more, sizeof(more), "it died near step %u", at);
		verdict(false, ROLE_QUEUED, "storm", "", more);
	}
	for (enum who w = 0; w < WHO_N; w++)
		frame_clear(&links[w]);
	verdict(lives(&ch), ROLE_QUEUED, "storm", "", "it has died");
	check_fds(before);
	printf("%u mails stored, %u results kept, %u faults\n", n_mails,
	    n_results, ch.n_faults);
	verdict(n_mails > steps / 1000 && n_results > steps / 1000,
	    ROLE_QUEUED, "storm", "", "nothing was going on");
	verdict(finish(&ch) == 0, ROLE_QUEUED, "end", "", "not in order");
	verdict(start(&ch, ROLE_QUEUED), ROLE_QUEUED, "start", "",
	    "it cannot read its spool again");
	finish(&ch);
	return driver_end();
}
