/*
 * Passwords of accounts: each check finds the user's entry here and is
 * computed by a thread (auth_queue.h).  What cannot be checked now is never
 * the same as a wrong password.
 */
#include "keyd.h"

#include "auth_queue.h"
#include "auth_tables.h"
#include "log.h"

static struct auth_tables	*tables, *new_tables;

static void
answer(struct peer *p, uint32_t id, enum secret_result result)
{
	const struct auth_checked	 m = { result };

	peer_send(p, AUTH_CHECKED, id, &m);
}

/*
 * Who asks may know of a configuration before us, or not yet.  false: then
 * the one in force is meant.
 */
static bool
is_new(uint32_t conf)
{
	return new_tables != NULL &&
	    conf == auth_tables_conf(new_tables);
}

void
on_auth_check(struct peer *p, uint32_t id, const struct auth_check *m)
{
	struct auth_entry	 e;
	enum auth_found		 found;

	found = auth_tables_find(is_new(m->conf) ? new_tables : tables,
	    m->conf, m->table, m->user, &e);
	if (found == AUTH_NO_TABLE)
		answer(p, id, SECRET_REFUSED);
	else if (!auth_queue_put(p, id, &e, found == AUTH_KNOWN, m->password))
		answer(p, id, SECRET_BUSY);
}

static int
configure(const struct conf *conf, char *why, size_t size)
{
	auth_tables_free(new_tables);
	new_tables = auth_tables_open(proc_conf(), conf, why, size);
	return new_tables != NULL ? 0 : -1;
}

static void
commit(void)
{
	auth_tables_free(tables);
	tables = new_tables;
	new_tables = NULL;
}

static void
drop(void)
{
	auth_tables_free(new_tables);
	new_tables = NULL;
}

static void
start(void)
{
	if (auth_queue_attach(proc_base(), answer) == -1)
		fatal("out of memory for events");
}

const struct keyd_part	 auth_part = {
	.role = ROLE_KEYD_AUTH,
	.prepare = auth_queue_start,
	.configure = configure,
	.commit = commit,
	.drop = drop,
	.peer_down = auth_queue_lost,
	.start = start,
};
