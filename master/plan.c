/*
 * Which roles run, and the numbers of their jails.
 */
#include "plan.h"

#include <sys/resource.h>

#include <stdio.h>

#include "config.h"
#include "log.h"

#define MIB	(1024ULL * 1024)
#define GIB	(1024 * MIB)

/*
 * Per role: open files, address space and the longest file.  What needs the
 * message size of the configuration is FILE_OF_MESSAGE.
 */
#define FILE_OF_MESSAGE	1
#define FILE_ANY	UINT64_MAX	/* RLIM_INFINITY */
#define FILE_LITTLE	MIB		/* they write none */

static const struct {
	uint32_t	 files;
	uint64_t	 memory, file_size;
} numbers[ROLE_N] = {
	[ROLE_LOAD] = { 512, 8 * GIB, 4 * GIB },
	[ROLE_LOG] = { 256, 1 * GIB, FILE_ANY },
	/* 10,000 connections a worker, each perhaps with a body in a file */
	[ROLE_SMTPD_MX] = { 20000, 8 * GIB, FILE_OF_MESSAGE },
	[ROLE_SMTPD_MSA] = { 20000, 8 * GIB, FILE_OF_MESSAGE },
	[ROLE_SMTPD_API] = { 20000, 8 * GIB, FILE_OF_MESSAGE },
	/* a body in a file for each LARGE_OPEN that may be open, and more */
	[ROLE_QUEUED] = { 8192, 0, FILE_ANY },
	/* a snapshot or log of some 10 MiB */
	[ROLE_STATE] = { 256, 4 * GIB, 64 * MIB },
	[ROLE_RESOLVERD] = { 4096, 4 * GIB, FILE_LITTLE },
	[ROLE_DELIVERD_OUT] = { 8192, 8 * GIB, FILE_LITTLE },
	[ROLE_DELIVERD_LOCAL] = { 1024, 4 * GIB, FILE_LITTLE },
	[ROLE_DELIVERD_CONNECT] = { 1024, 1 * GIB, FILE_LITTLE },
	[ROLE_DELIVERD_STS] = { 1024, 1 * GIB, FILE_LITTLE },
	/* a file for each certificate or credential, until all are there */
	[ROLE_KEYD_SIGN] = { 512, 1 * GIB, FILE_LITTLE },
	/* the tables of two configurations */
	[ROLE_KEYD_AUTH] = { 1024, 1 * GIB, FILE_LITTLE },
	[ROLE_KEYD_CRED] = { 512, 1 * GIB, FILE_LITTLE },
	[ROLE_MAILBOX] = { 64, 1 * GIB, FILE_OF_MESSAGE },
};

#define DNS_PORT	53

enum role
role_of_listener(const struct listener_conf *l)
{
	return l->service == SERVICE_MX ? ROLE_SMTPD_MX : ROLE_SMTPD_MSA;
}

/* Somebody accepts there, or gets clients handed over from a trusting mx. */
static bool
has_listener(const struct conf *conf, enum role role)
{
	for (size_t i = 0; i < conf->n_listeners; i++) {
		const struct listener_conf	*l = &conf->listeners[i];

		if (role_of_listener(l) == role)
			return true;
		if (role == ROLE_SMTPD_MSA && l->n_trust != 0)
			return true;
	}
	return false;
}

static bool
has_tls(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_listeners; i++)
		if (conf->listeners[i].n_certificates != 0)
			return true;
	return false;
}

static bool
has_auth(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_listeners; i++)
		if (conf->listeners[i].auth_table != TABLE_NONE)
			return true;
	return false;
}

/* One that is not asked for by name. */
static bool
has_service(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_services; i++)
		if (conf->services[i].host.n == 0)
			return true;
	return false;
}

unsigned
role_wanted(const struct conf *conf, enum role role)
{
	switch (role) {
	case ROLE_LOG:
	case ROLE_RESOLVERD:
	case ROLE_QUEUED:
		return 1;
	case ROLE_SMTPD_MX:
		return has_listener(conf, role) ? conf->mx_workers : 0;
	case ROLE_SMTPD_MSA:
		return has_listener(conf, role) ? conf->msa_workers : 0;
	case ROLE_DELIVERD_OUT:
		return conf->out_workers;
	case ROLE_DELIVERD_LOCAL:
		return conf->n_deliveries != 0;
	case ROLE_DELIVERD_CONNECT:
		return has_service(conf);
	case ROLE_KEYD_SIGN:
		return has_tls(conf);
	case ROLE_KEYD_AUTH:
	case ROLE_STATE:	/* counts wrong passwords */
		return has_auth(conf);
	case ROLE_KEYD_CRED:
		return conf->n_credentials != 0;
	default:
		return 0;	/* nothing configures them yet */
	}
}

uint64_t
plan_message_max(const struct conf *conf)
{
	uint64_t	 max = 0;

	for (size_t i = 0; i < conf->n_listeners; i++)
		if (conf->listeners[i].message_size > max)
			max = conf->listeners[i].message_size;
	return max + MIB;
}

bool
plan_is_own_id(const struct conf *conf, uint32_t id)
{
	return (id >= conf->uid_base && id - conf->uid_base < ROLE_N) ||
	    id == UID_BASE_DEFAULT + ROLE_LOAD;
}

static int
add_port(struct confine *m, struct plan_room *room, uint16_t port)
{
	for (size_t i = 0; i < m->n_ports; i++)
		if (room->ports[i].port == port)
			return 0;
	if (port == 0)
		return 0;
	if (m->n_ports == PORTS_MAX) {
		log_error("more than %d different ports to connect to",
		    PORTS_MAX);
		return -1;
	}
	room->ports[m->n_ports++].port = port;
	return 0;
}

static int
add_mail_ports(const struct conf *conf, struct confine *m,
    struct plan_room *room)
{
	if (add_port(m, room, conf->smtp_port) == -1)
		return -1;
	for (size_t i = 0; i < CONF_MAIL_PORTS; i++)
		if (add_port(m, room, conf_mail_ports[i]) == -1)
			return -1;
	for (size_t i = 0; i < conf->n_routes; i++)
		if (add_port(m, room, conf->routes[i].via_port) == -1)
			return -1;
	for (size_t i = 0; i < conf->n_services; i++)
		if (add_port(m, room, conf->services[i].port) == -1)
			return -1;
	return 0;
}

static int
add_service_ports(const struct conf *conf, struct confine *m,
    struct plan_room *room)
{
	for (size_t i = 0; i < conf->n_services; i++)
		if (conf->services[i].addr.family != 0 &&
		    add_port(m, room, conf->services[i].addr.port) == -1)
			return -1;
	return 0;
}

static int
add_dns_ports(const struct conf *conf, struct confine *m,
    struct plan_room *room)
{
	if (add_port(m, room, DNS_PORT) == -1)
		return -1;
	for (size_t i = 0; i < conf->n_name_servers; i++)
		if (add_port(m, room, conf->name_servers[i].addr.port) == -1)
			return -1;
	return 0;
}

/* No more files than master may open itself, which is all we can give. */
static uint32_t
files_allowed(uint32_t wanted)
{
	struct rlimit	 rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_max < wanted)
		return (uint32_t)rl.rlim_max;
	return wanted;
}

static void
set_numbers(struct confine *m, enum role role, uint32_t uid_base)
{
	m->uid = m->gid = uid_base + (uint32_t)role;
	m->files = files_allowed(numbers[role].files);
	/* sanitizers reserve terabytes of addresses */
	m->memory = POSTERN_TESTING ? 0 : numbers[role].memory;
	m->file_size = numbers[role].file_size;
}

/* Without slashes at its end: something may be added, and mkdir(2) of what is
 * before the last one is not that of a parent. */
static struct str
trimmed(struct str dir)
{
	while (dir.n > 1 && dir.p[dir.n - 1] == '/')
		dir.n--;
	return dir;
}

int
plan_root(const struct conf *conf, enum role role, char root[PLAN_ROOT_MAX])
{
	struct str	 dir = conf->run_dir;
	const char	*more = "/empty";
	int		 n;

	if (role == ROLE_MAILBOX) {
		dir = (struct str)STR("/");
		more = "";
	} else if (role == ROLE_QUEUED) {
		dir = trimmed(conf->spool);
		more = "";
	} else if (role == ROLE_STATE) {
		dir = trimmed(conf->spool);
		more = STATE_SUFFIX;
	}
	n = snprintf(root, PLAN_ROOT_MAX, "%.*s%s", STR_FMT(dir), more);
	if (n >= 0 && n <= FILE_NAME_MAX)
		return 0;
	log_error("the name of the root of %s is too long", role_name(role));
	return -1;
}

int
plan_confine(const struct conf *conf, enum role role, struct confine *m,
    struct plan_room *room)
{
	*m = (struct confine){ .ports = room->ports };
	set_numbers(m, role, conf->uid_base);
	if (m->file_size == FILE_OF_MESSAGE)
		m->file_size = plan_message_max(conf);
	if (plan_root(conf, role, room->root) == -1)
		return -1;
	m->root = str_of(room->root);
	if (role == ROLE_DELIVERD_OUT)
		return add_mail_ports(conf, m, room);
	if (role == ROLE_DELIVERD_CONNECT)
		return add_service_ports(conf, m, room);
	if (role == ROLE_RESOLVERD)
		return add_dns_ports(conf, m, room);
	return 0;
}

void
plan_confine_load(const char *root, struct confine *m)
{
	*m = (struct confine){ .root = str_of(root) };
	set_numbers(m, ROLE_LOAD, UID_BASE_DEFAULT);
}
