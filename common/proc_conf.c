/*
 * The configuration of a child process: the one in force, and the one that
 * is being handed in.  A reload is a transaction over all processes: this one
 * says yes or no to its part (CONF, TABLEs, CONF_CHECK), then master lets it
 * take place everywhere (CONF_COMMIT) or nowhere (CONF_DROP).
 */
#include "proc_conf.h"

#include <string.h>
#include <unistd.h>

#include "log.h"

#define WHY_MAX		512

static const struct proc_ops	*ops;
static struct conf_memory	*conf, *new_conf;
static int			 tables[TABLES_MAX], new_tables[TABLES_MAX];
static bool			 has_new;

const struct conf *
proc_conf(void)
{
	return conf != NULL ? &conf->conf : NULL;
}

int
proc_table(unsigned table)
{
	if (table >= TABLES_MAX)
		return -1;
	return has_new ? new_tables[table] : tables[table];
}

static void
close_tables(int *set)
{
	for (size_t i = 0; i < TABLES_MAX; i++) {
		if (set[i] != -1)
			close(set[i]);
		set[i] = -1;
	}
}

/* What was handed in and is not in force. */
static void
drop_new(void)
{
	if (has_new && ops->drop != NULL)
		ops->drop();
	close_tables(new_tables);
	conf_free(new_conf);
	new_conf = NULL;
	has_new = false;
}

static void
on_conf(struct peer *p, uint32_t id, const struct nothing *m)
{
	int	 fd = peer_take_fd(p);

	(void)id, (void)m;
	drop_new();
	new_conf = conf_open(fd);
	has_new = true;
	close(fd);
}

static void
on_table(struct peer *p, uint32_t id, const struct table *m)
{
	(void)id;
	/* what is not taken is closed */
	if (m->table < TABLES_MAX && new_tables[m->table] == -1)
		new_tables[m->table] = peer_take_fd(p);
}

static void
on_conf_check(struct peer *p, uint32_t id, const struct nothing *m)
{
	char			 why[WHY_MAX] = "malformed configuration";
	struct conf_checked	 answer = { false, STR_NONE };

	(void)m;
	if (new_conf != NULL)
		answer.ok = ops->configure == NULL ||
		    ops->configure(&new_conf->conf, why, sizeof(why)) == 0;
	if (!answer.ok)
		answer.why = str_of(why);
	peer_send(p, CONF_CHECKED, id, &answer);
}

static void
on_conf_drop(struct peer *p, uint32_t id, const struct nothing *m)
{
	(void)p, (void)id, (void)m;
	drop_new();
}

/* The new one takes the place of the old, which is freed. */
static void
commit(void)
{
	struct conf_memory	*old = conf;
	int			 old_tables[TABLES_MAX];

	conf = new_conf;
	new_conf = NULL;
	memcpy(old_tables, tables, sizeof(old_tables));
	memcpy(tables, new_tables, sizeof(tables));
	for (size_t i = 0; i < TABLES_MAX; i++)
		new_tables[i] = -1;
	has_new = false;
	log_set_level((enum log_level)conf->conf.log_level);
	if (ops->commit != NULL)
		ops->commit();
	close_tables(old_tables);
	conf_free(old);
}

static void
on_conf_commit(struct peer *p, uint32_t id, const struct nothing *m)
{
	if (new_conf != NULL)
		commit();
	peer_send(p, CONF_COMMITTED, id, m);
	if (conf != NULL)
		proc_begin();
}

void
proc_conf_setup(const struct proc_ops *o, struct handlers *h)
{
	ops = o;
	memset(tables, 0xff, sizeof(tables));
	memset(new_tables, 0xff, sizeof(new_tables));
	h->CONF = on_conf;
	h->TABLE = on_table;
	h->CONF_CHECK = on_conf_check;
	h->CONF_COMMIT = on_conf_commit;
	h->CONF_DROP = on_conf_drop;
}
