/*
 * Jobs as they are kept while they are worked on.
 */
#include "task.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <unistd.h>

#include "kept.h"
#include "question.h"

static size_t
text_size(const struct job *job)
{
	size_t	n = job->sender.n + job->envid.n + job->header.n + job->body.n;

	for (size_t i = 0; i < job->n_rcpts; i++)
		n += job->rcpts[i].rcpt.address.n +
		    job->rcpts[i].rcpt.orcpt_type.n +
		    job->rcpts[i].rcpt.orcpt.n;
	return n;
}

static struct str
copy(char **to, struct str s)
{
	struct str	c = str_bytes(*to, s.n);

	if (s.n != 0)
		memcpy(*to, s.p, s.n);
	*to += s.n;
	return c;
}

static void
copy_rcpt(struct task_rcpt *to, const struct job_rcpt *from, char **text)
{
	*to = (struct task_rcpt){
		.address = copy(text, from->rcpt.address),
		.orcpt_type = copy(text, from->rcpt.orcpt_type),
		.orcpt = copy(text, from->rcpt.orcpt),
		.slot = from->slot,
		.notify = from->rcpt.notify,
	};
}

static bool
is_ascii(struct str s)
{
	unsigned char	any = 0;

	for (size_t i = 0; i < s.n; i++)
		any |= (unsigned char)s.p[i];
	return any < 0x80;
}

/* RFC 6531 3.6: a message said to need SMTPUTF8 may not need it. */
static bool
needs_utf8(const struct task *t)
{
	if (!is_ascii(t->sender) || !is_ascii(t->header))
		return true;
	for (size_t i = 0; i < t->n_rcpts; i++)
		if (!is_ascii(t->rcpts[i].address))
			return true;
	return false;
}

/* The file is as long as the job says; it is read by position. */
static int
check_file(struct task *t)
{
	struct stat	st;

	if (t->fd == -1)
		return t->size == t->header.n + t->body.n ? 0 : -1;
	if (fstat(t->fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size < 0)
		return -1;
	t->fd_size = (uint64_t)st.st_size;
	return t->body.n == 0 && t->size == t->header.n + t->fd_size ? 0 : -1;
}

static void
task_free(struct task *t)
{
	if (t->fd != -1)
		close(t->fd);
	free(t);
}

struct task *
task_new(const struct job *job, int fd, struct result *result)
{
	struct task	*t;
	char		*text;
	size_t		 rcpts = job->n_rcpts * sizeof(t->rcpts[0]);

	if ((t = malloc(sizeof(*t) + rcpts + text_size(job))) == NULL) {
		if (fd != -1)
			close(fd);
		return NULL;
	}
	text = (char *)t + sizeof(*t) + rcpts;
	*t = (struct task){
		.result = result,
		.route = job->route,
		.conf = job->conf,
		.id = job->id,
		.body_type = job->body_type,
		.ret = job->ret,
		.size = job->size,
		.fd = fd,
		.n_rcpts = job->n_rcpts,
	};
	t->sender = copy(&text, job->sender);
	t->envid = copy(&text, job->envid);
	t->header = copy(&text, job->header);
	t->body = copy(&text, job->body);
	for (size_t i = 0; i < t->n_rcpts; i++)
		copy_rcpt(&t->rcpts[i], &job->rcpts[i], &text);
	t->utf8 = job->utf8 && needs_utf8(t);
	if (check_file(t) == -1) {
		task_free(t);
		return NULL;
	}
	return t;
}

void
task_end(struct task *t)
{
	if (t->question != NULL)
		question_end(t);
	else
		kept_send(t->result);
	task_free(t);
}
