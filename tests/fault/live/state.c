/*
 * A fork does it all again from the journal, in a model of its own.
 */
#include "state.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cut.h"
#include "model.h"
#include "tree.h"
#include "xmalloc.h"

#define CHUNK	65536

struct place {
	const char	*path;		/* of the directory */
	unsigned	 node;
};

/* where each file has been written; a second name is a link to it */
static char	*paths[JOURNAL_OPS];

/* No half of a state is left to be looked at. */
static void
check(int result)
{
	if (result != -1)
		return;
	perror("a state cannot be written");
	_exit(1);
}

/* --- the tree ----------------------------------------------------------- */

static void
write_content(unsigned node, int fd)
{
	static uint8_t	 chunk[CHUNK];
	uint64_t	 at = 0;
	size_t		 n;

	for (; (n = model_read(node, chunk, CHUNK, at)) != 0; at += n)
		check(pwrite(fd, chunk, n, (off_t)at) == (ssize_t)n ? 0 : -1);
}

static void
write_file(const char *path, unsigned node, const struct stat *st)
{
	int	 fd;

	if (paths[node] != NULL) {
		check(link(paths[node], path));
		return;
	}
	check(fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
	write_content(node, fd);
	check(fchown(fd, st->st_uid, st->st_gid));
	check(fchmod(fd, st->st_mode & 07777));
	close(fd);
	paths[node] = xstrdup(path);
}

static void	 write_directory(const char *, unsigned, const struct stat *);

static void
write_entry(void *arg, const char *name)
{
	const struct place	*in = arg;
	unsigned		 node = model_lookup(in->node, name);
	char			 path[PATH_MAX];
	struct stat		 st;

	check(snprintf(path, sizeof(path), "%s/%s", in->path, name) <
	    (int)sizeof(path) ? 0 : -1);
	tree_stat(node, &st);
	if (S_ISDIR(st.st_mode))
		write_directory(path, node, &st);
	else
		write_file(path, node, &st);
}

static void
write_directory(const char *path, unsigned node, const struct stat *st)
{
	struct place	 place = { path, node };

	check(mkdir(path, 0700));
	model_list(node, write_entry, &place);
	check(chown(path, st->st_uid, st->st_gid));
	check(chmod(path, st->st_mode & 07777));
}

/* --- the cut ------------------------------------------------------------ */

/* 0, or EINVAL */
static int
cut_of(const char *kind, struct cut *cut)
{
	static const struct {
		const char	*name;
		enum cut_kind	 kind;
	} names[] = {
		{ "min", CUT_NOTHING }, { "max", CUT_ALL },
		{ "but", CUT_ALL_BUT }, { "alone", CUT_ALONE },
		{ "torn", CUT_TORN }, { "random", CUT_RANDOM },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, kind) != 0)
			continue;
		cut->kind = names[i].kind;
		return 0;
	}
	return EINVAL;
}

/* The disk behind the first n operations; their marks are written down. */
static void
replay(const struct journal *j, uint64_t n, FILE *marks)
{
	model_init();
	for (uint64_t i = 0; i < n; i++) {
		if (j->ops[i].kind == OP_NOTE)
			fprintf(marks, "%s\n", j->ops[i].name);
		else
			model_apply(&j->ops[i]);
	}
}

static void
write_state(const struct journal *j, uint64_t n, struct cut *cut,
    const char *dir)
{
	char		 path[PATH_MAX];
	struct stat	 st;
	FILE		*marks;

	snprintf(path, sizeof(path), "%s.marks", dir);
	check((marks = fopen(path, "w")) == NULL ? -1 : 0);
	replay(j, n, marks);
	check(fclose(marks));
	if (model_pending_n() != 0)
		cut->one = (unsigned)(mix(cut->seed, 0) % model_pending_n());
	model_cut(cut);
	tree_stat(MODEL_ROOT, &st);
	write_directory(dir, MODEL_ROOT, &st);
}

int
state_write(const struct journal *j, uint64_t n, const char *kind,
    uint64_t seed, const char *dir)
{
	struct cut	 cut = { .seed = seed };
	int		 error = cut_of(kind, &cut), status;
	pid_t		 pid;

	if (error != 0 || n > j->n)
		return EINVAL;
	if ((pid = fork()) == -1)
		return errno;
	if (pid == 0) {
		write_state(j, n, &cut, dir);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) == -1)
		return errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EIO;
}
