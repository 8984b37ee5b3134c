/*
 * The settings of a listener, shared by its sessions and counted.
 */
#include "settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tls.h"

#define GREETING_MAX	2048	/* a host name and eight short lines */

static LIST_HEAD(, settings)	 all = LIST_HEAD_INITIALIZER(all);

static int
put_texts(struct settings *s, const struct conf *conf)
{
	const struct listener_conf	*l = &conf->listeners[s->listener];

	buf_init(&s->text, DOMAIN_MAX + NAME_MAX_LEN);
	buf_put_str(&s->text, conf->hostname);
	buf_put_str(&s->text, l->name);
	if (s->text.failed)
		return -1;
	s->hostname = str_bytes(buf_data(&s->text), conf->hostname.n);
	s->name = str_bytes(buf_data(&s->text) + conf->hostname.n, l->name.n);
	return 0;
}

/* What we can do: RFC 5321 4.1.1.1, RFC 1870, RFC 2034, RFC 3461, RFC 6531,
 * RFC 9422.
 * What changes in a session is added by cmd_hello.c. */
static int
put_replies(struct settings *s, struct str banner)
{
	struct str	host = s->hostname;

	buf_init(&s->banner, GREETING_MAX);
	buf_init(&s->ehlo, GREETING_MAX);
	buf_init(&s->helo, GREETING_MAX);
	buf_printf(&s->banner, "220 %.*s%s%.*s\r\n", STR_FMT(host),
	    banner.n != 0 ? " " : "", STR_FMT(banner));
	buf_printf(&s->helo, "250 %.*s\r\n", STR_FMT(host));
	buf_printf(&s->ehlo,
	    "250-%.*s\r\n"
	    "250-PIPELINING\r\n"
	    "250-SIZE %" PRIu64 "\r\n"
	    "250-8BITMIME\r\n"
	    "250-SMTPUTF8\r\n"
	    "250-ENHANCEDSTATUSCODES\r\n"
	    "250-DSN\r\n"
	    "250-LIMITS RCPTMAX=%" PRIu32 "\r\n", STR_FMT(host),
	    s->is.message_size, s->is.max_rcpts);
	return s->banner.failed || s->ehlo.failed || s->helo.failed ? -1 : 0;
}

struct settings *
settings_new(const struct conf *conf, uint16_t listener)
{
	const struct listener_conf	*l = &conf->listeners[listener];
	struct settings			*s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	LIST_INSERT_HEAD(&all, s, link);
	s->refs = 1;
	s->conf = conf->number;
	s->listener = listener;
	s->is = *l;
	s->is.origin.file = s->is.name = s->is.socket = s->is.banner =
	    STR_NONE;
	s->is.binds = NULL;
	s->is.trust = NULL;
	s->is.certificates = NULL;
	s->is.n_binds = s->is.n_trust = s->is.n_certificates = 0;
	if (s->is.max_rcpts > RCPTS_MAX)
		s->is.max_rcpts = RCPTS_MAX;
	if (s->is.message_size == 0 || s->is.message_size > MESSAGE_SIZE_MAX)
		s->is.message_size = MESSAGE_SIZE_MAX;
	s->hop_limit = conf->hop_limit;
	if (put_texts(s, conf) == -1 || put_replies(s, l->banner) == -1)
		settings_drop(&s);
	return s;
}

int
settings_secure(struct settings *s, const struct conf *conf, char *why,
    size_t size)
{
	const struct listener_conf	*l = &conf->listeners[s->listener];
	char				 text[TLS_WHY_MAX];

	if (l->n_certificates == 0 || l->tls == TLS_LEVEL_NONE)
		return 0;
	s->tls = tls_server_new(conf, l, text);
	if (s->tls != NULL)
		return 0;
	snprintf(why, size, "listener %.*s: %s", STR_FMT(l->name), text);
	return -1;
}

bool
settings_are_implicit(const struct settings *s)
{
	return s->is.service == SERVICE_SUBMISSIONS;
}

bool
settings_offer_tls(const struct settings *s)
{
	return s->tls != NULL && tls_server_ready(s->tls);
}

struct settings *
settings_hold(struct settings *s)
{
	s->refs++;
	return s;
}

void
settings_drop(struct settings **sp)
{
	struct settings	*s = *sp;

	*sp = NULL;
	if (s == NULL || --s->refs != 0)
		return;
	LIST_REMOVE(s, link);
	tls_server_free(s->tls);
	buf_clear(&s->text);
	buf_clear(&s->banner);
	buf_clear(&s->ehlo);
	buf_clear(&s->helo);
	free(s);
}

static uint16_t
index_in(const struct conf *conf, const struct settings *s)
{
	for (uint16_t i = 0; i < conf->n_listeners; i++)
		if (conf->listeners[i].service == s->is.service &&
		    str_equal(conf->listeners[i].name, s->name))
			return i;
	return LISTENER_NONE;
}

void
settings_renumber(const struct conf *conf)
{
	struct settings	*s;

	LIST_FOREACH(s, &all, link) {
		s->conf = conf->number;
		s->listener = index_in(conf, s);
		s->is.auth_table = s->listener != LISTENER_NONE ?
		    conf->listeners[s->listener].auth_table : TABLE_NONE;
	}
}
