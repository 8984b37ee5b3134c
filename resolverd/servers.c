/*
 * The list of name servers.  A server that failed is asked last for a time,
 * so that one dead server costs a wait now and then, not with each question.
 */
#include "servers.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "xmalloc.h"

struct servers *
servers_new(const struct name_server_conf *conf, size_t n)
{
	struct servers	*s = xcalloc(1, sizeof(*s));
	struct server	*server;

	s->refs = 1;
	for (size_t i = 0; i < n && i < NAME_SERVERS_MAX; i++) {
		server = &s->list[s->n++];
		server->addr = conf[i].addr;
		server->trusted = conf[i].trusted;
		if (server->addr.port == 0)
			server->addr.port = SERVER_PORT;
		netaddr_print_port(&server->addr, server->text);
	}
	return s;
}

bool
servers_equal(const struct servers *s, const struct name_server_conf *conf,
    size_t n)
{
	struct netaddr	 addr;

	if (s->n != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		addr = conf[i].addr;
		if (addr.port == 0)
			addr.port = SERVER_PORT;
		if (!netaddr_equal(&addr, &s->list[i].addr) ||
		    addr.port != s->list[i].addr.port ||
		    conf[i].trusted != s->list[i].trusted)
			return false;
	}
	return true;
}

struct servers *
servers_ref(struct servers *s)
{
	s->refs++;
	return s;
}

void
servers_unref(struct servers **sp)
{
	struct servers	*s = *sp;

	*sp = NULL;
	if (s != NULL && --s->refs == 0)
		free(s);
}

size_t
servers_pick(const struct servers *s, unsigned unwanted)
{
	uint64_t	 now = clock_ms();
	size_t		 second = SERVERS_NONE;

	for (size_t i = 0; i < s->n; i++) {
		if (unwanted & 1u << i)
			continue;
		if (s->list[i].shun_until_ms <= now)
			return i;
		if (second == SERVERS_NONE)
			second = i;
	}
	return second;
}

void
servers_failed(struct servers *s, size_t i, const char *why)
{
	struct server	*server = &s->list[i];

	if (server->shun_until_ms == 0)
		log_warn("nameserver address=%s state=down why=\"%s\"",
		    server->text, why);
	server->shun_until_ms = clock_ms() + SERVER_SHUN_MS;
}

void
servers_silent(struct servers *s, size_t i)
{
	if (++s->list[i].silences >= SERVER_SILENCES)
		servers_failed(s, i, "no answer");
}

void
servers_answered(struct servers *s, size_t i)
{
	s->list[i].silences = 0;
	if (s->list[i].shun_until_ms == 0)
		return;
	log_info("nameserver address=%s state=up", s->list[i].text);
	s->list[i].shun_until_ms = 0;
}
