/*
 * The configuration's encoding, and its passage in sealed memory.  A sealed
 * file can be neither written nor resized by whoever made it, so what was
 * checked stays what it was.
 */
#include "conf.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "sealed.h"

FIELDS_DEFINE(origin)
FIELDS_DEFINE(netblock_conf)
FIELDS_DEFINE(bind_conf)
FIELDS_DEFINE(certificate_conf)
FIELDS_DEFINE(certificate_ref)
FIELDS_DEFINE(listener_conf)
FIELDS_DEFINE(table_conf)
FIELDS_DEFINE(delivery_conf)
FIELDS_DEFINE(table_ref)
FIELDS_DEFINE(domain_conf)
FIELDS_DEFINE(service_conf)
FIELDS_DEFINE(credential_conf)
FIELDS_DEFINE(route_conf)
FIELDS_DEFINE(name_server_conf)
FIELDS_DEFINE(delivery_uid)
FIELDS_DEFINE(conf)

/* SMTP, LMTP, submission */
const uint16_t	 conf_mail_ports[CONF_MAIL_PORTS] = { 25, 24, 465, 587 };

int
conf_seal(const struct conf *conf)
{
	struct buf	 b = BUF_INIT(CONF_MAX);
	int		 fd = -1;

	conf_put(&b, conf);
	if (!b.failed)
		fd = sealed_new("conf", buf_str(&b));
	else
		errno = E2BIG;
	buf_clear(&b);
	return fd;
}

struct conf_memory *
conf_open(int fd)
{
	struct conf_memory	*m;
	struct wire		 w;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return NULL;
	m->arena.max = CONF_MAX;
	if ((m->map = sealed_map(fd, CONF_MAX, &m->map_len)) == NULL) {
		free(m);
		return NULL;
	}
	wire_init(&w, m->map, m->map_len);
	if (conf_get(&w, &m->arena, &m->conf) == -1 || wire_done(&w) == -1) {
		conf_free(m);
		return NULL;
	}
	return m;
}

void
conf_free(struct conf_memory *m)
{
	if (m == NULL)
		return;
	arena_clear(&m->arena);
	munmap(m->map, m->map_len);
	free(m);
}
