/*
 * Large bodies on their way from tmp/ into the log or into large/, and out.
 * Few are in a thread's hands at a time, so that their memory is bounded.
 */
#include "large.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "append.h"
#include "dirlist.h"
#include "disk.h"
#include "durable.h"
#include "idmap.h"
#include "log.h"
#include "work.h"

#define IN_HAND_MAX	4	/* bodies of at most 1 MiB in memory each */

/* one body on its way */
struct passage {
	struct work	 work;
	struct passage	*next;
	uint32_t	 large;
	struct msgid	 id;
	char		 name[LARGE_NAME_SIZE];
	uint64_t	 size;
	struct buf	 kept;		/* the envelope, then the header */
	size_t		 envelope_len;
	char		*body;		/* its copy; NULL: it stays a file */
	uint8_t		 sum[LARGE_SUM];
	int		 error;
	spool_stored	 stored;
	void		*arg;
};

struct removal {
	struct work	 work;
	int		 dir;
	char		 name[SPARE_NAME_SIZE];
};

_Static_assert(SPARE_NAME_SIZE >= LARGE_NAME_SIZE, "either name fits");

static uint64_t		 copy_max;
static uint32_t		 next_large;
static struct idmap	 lives;		/* values: any pointer but NULL */
static bool		 lives_lost;	/* there are more */
static unsigned		 in_hand;
static struct passage	*waiting, **waiting_tail;

void
large_init(uint64_t max)
{
	copy_max = max;
	next_large = 0;
	in_hand = 0;
	waiting = NULL;
	lives_lost = false;
}

/* --- files go --- */

static void
run_removal(struct work *w)
{
	struct removal	*r = (struct removal *)w;

	/* whatever it says: the next start removes what is left */
	disk->unlink(r->dir, r->name, 0);
}

static void
done_removal(struct work *w)
{
	free(w);
}

static void
remove_later(int dir, const char *name)
{
	struct removal	*r = calloc(1, sizeof(*r));

	if (r == NULL)
		return;		/* as above */
	r->dir = dir;
	memcpy(r->name, name, strlen(name) + 1);
	r->work.run = run_removal;
	r->work.done = done_removal;
	work_give(WORK_BACK, &r->work);
}

void
large_remove(const struct msgid *id)
{
	remove_later(spool_dirs.large, msgid_text(id));
}

void
large_lives(const struct msgid *id)
{
	if (idmap_put(&lives, id, &lives) == 0)
		return;
	log_error("spool: no memory: large/%s will stay until the next start",
	    msgid_text(id));
	lives_lost = true;
}

void
large_gone(const struct msgid *id)
{
	if (lives.n != 0 && idmap_remove(&lives, id) != NULL)
		large_remove(id);
}

/* --- files come --- */

int
spool_large_open(uint32_t *large)
{
	char	 name[SPARE_NAME_SIZE];
	int	 fd;

	if (++next_large == 0)
		next_large = 1;
	tmp_name(name, next_large);
	fd = disk_open(spool_dirs.tmp, name, O_WRONLY | O_CREAT | O_EXCL);
	if (fd != -1)
		*large = next_large;
	return fd;
}

void
spool_large_drop(uint32_t large)
{
	char	 name[SPARE_NAME_SIZE];

	tmp_name(name, large);
	remove_later(spool_dirs.tmp, name);
}

static void
run_copy(struct work *w)
{
	struct passage	*p = (struct passage *)w;
	char		 name[SPARE_NAME_SIZE];
	int		 fd;

	tmp_name(name, p->large);
	p->error = 0;
	if ((fd = disk_open(spool_dirs.tmp, name, O_RDONLY)) == -1 ||
	    disk_read_all(fd, p->body, (size_t)p->size, 0) == -1)
		p->error = errno;
	if (fd != -1)
		close(fd);
	disk->unlink(spool_dirs.tmp, name, 0);
}

static void
run_keep(struct work *w)
{
	struct passage	*p = (struct passage *)w;

	p->error = durable_large(p->large, p->name, p->size, p->sum);
}

static void
passage_free(struct passage *p)
{
	buf_clear(&p->kept);
	free(p->body);
	free(p);
}

static void
passage_fail(struct passage *p, int error)
{
	bool	 full = error == ENOSPC || error == EDQUOT;

	log_error("spool: body of %s: %s", msgid_text(&p->id),
	    strerror(error));
	spool_large_drop(p->large);
	p->stored(p->arg, full ? STORE_NO_SPACE : STORE_IO_ERROR, NULL);
	passage_free(p);
}

static void
passage_append(struct passage *p)
{
	struct str		 kept = buf_str(&p->kept);
	struct append_message	 m = {
		.encoded = { kept.p, p->envelope_len },
		.header = str_skip(kept, p->envelope_len),
		.content.header_len = (uint32_t)(kept.n - p->envelope_len),
		.content.body_len = p->size,
	};

	if (p->body != NULL)
		m.body = str_bytes(p->body, (size_t)p->size);
	else
		m.content.sum = str_bytes(p->sum, sizeof(p->sum));
	append_message(&m, p->stored, p->arg);
}

static void	 next_passage(void);

static void
done_passage(struct work *w)
{
	struct passage	*p = (struct passage *)w;

	in_hand--;
	if (p->error != 0) {
		passage_fail(p, p->error);
	} else {
		passage_append(p);
		passage_free(p);
	}
	next_passage();
}

static void
next_passage(void)
{
	struct passage	*p;

	while (in_hand < IN_HAND_MAX && (p = waiting) != NULL) {
		waiting = p->next;
		p->work.run = p->size <= copy_max ? run_copy : run_keep;
		p->work.done = done_passage;
		if (p->size <= copy_max &&
		    (p->body = malloc((size_t)p->size + 1)) == NULL) {
			passage_fail(p, ENOMEM);
			continue;
		}
		in_hand++;
		work_give(WORK_LARGE, &p->work);
	}
}

static struct passage *
passage_new(const struct envelope *e, struct str header)
{
	struct passage	*p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->id = e->id;
	memcpy(p->name, msgid_text(&e->id), LARGE_NAME_SIZE);
	buf_init(&p->kept, envelope_MAXLEN + HEADER_MAX);
	envelope_put(&p->kept, e);
	p->envelope_len = p->kept.len;
	if (buf_put_str(&p->kept, header) == 0)
		return p;
	passage_free(p);
	return NULL;
}

void
large_store(const struct envelope *e, struct str header, uint32_t large,
    uint64_t size, spool_stored stored, void *arg)
{
	struct passage	*p = passage_new(e, header);

	if (p == NULL) {
		spool_large_drop(large);
		stored(arg, STORE_TEMPORARY, NULL);
		return;
	}
	p->large = large;
	p->size = size;
	p->stored = stored;
	p->arg = arg;
	if (waiting == NULL)
		waiting_tail = &waiting;
	*waiting_tail = p;
	waiting_tail = &p->next;
	next_passage();
}

/* --- a start and an end --- */

static void
sweep_large(void *arg, const char *name)
{
	const bool	*doubt = arg;
	struct msgid	 id;

	if (msgid_parse(&id, str_of(name)) == 0 &&
	    idmap_get(&lives, &id) != NULL)
		return;
	if (!*doubt) {
		disk->unlink(spool_dirs.large, name, 0);
		return;
	}
	log_warn("spool: large/%s: its message is not in the log, which is "
	    "damaged; moved to damaged/", name);
	if (disk->rename(spool_dirs.large, name, spool_dirs.damaged,
	    name) == -1)
		log_error("spool: large/%s: %s", name, strerror(errno));
}

static void
sweep_tmp(void *arg, const char *name)
{
	(void)arg;
	disk->unlink(spool_dirs.tmp, name, 0);
}

void
large_sweep(bool doubt)
{
	/* not all that live are known */
	if (lives_lost)
		return;
	if (dirlist(spool_dirs.large, sweep_large, &doubt) == -1 ||
	    dirlist(spool_dirs.tmp, sweep_tmp, NULL) == -1)
		log_warn("spool: cannot tidy up: %s", strerror(errno));
}

void
large_clear(void)
{
	struct passage	*p;

	while ((p = waiting) != NULL) {
		waiting = p->next;
		passage_free(p);
	}
	idmap_clear(&lives);
}
