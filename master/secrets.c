/*
 * Opening and passing on; the checks are of owner and mode alone.
 */
#include "secrets.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "regular.h"

#define LINE_MAX_LEN	(4 * TEXT_MAX)	/* place, name, file and reason */

/* A file of a configuration, for words about it. */
struct secret_file {
	const struct origin	*origin;
	const char		*what, *part;	/* "certificate", ": key" */
	struct str		 name, file;
	void			(*say)(bool, struct str);
	unsigned		 errors;	/* said */
};

static void say_about(struct secret_file *, bool warning, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static void
say_about(struct secret_file *s, bool warning, const char *fmt, ...)
{
	char	 why[TEXT_MAX], line[LINE_MAX_LEN];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "%.*s:%u: %s %.*s%s %.*s: %s",
	    STR_FMT(s->origin->file), s->origin->line, s->what,
	    STR_FMT(s->name), s->part, STR_FMT(s->file), why);
	s->say(warning, str_of(line));
	s->errors += !warning;
}

/* Whoever may read it or put another in its place has the secret. */
static bool
is_guarded(struct secret_file *s, int fd)
{
	struct stat	 st;

	if (fstat(fd, &st) == -1)
		say_about(s, false, "%s", strerror(errno));
	else if (st.st_uid != 0)
		say_about(s, false, "belongs to uid %u, not to root",
		    st.st_uid);
	else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		say_about(s, false, "has mode %04o: nobody but root may have "
		    "rights to it (chmod 600)", st.st_mode & 07777);
	else
		return true;
	return false;
}

/* The file, or -1, told. */
static int
open_guarded(struct secret_file *s)
{
	char	 path[FILE_NAME_MAX + 1];
	int	 fd;

	snprintf(path, sizeof(path), "%.*s", STR_FMT(s->file));
	if ((fd = regular_open(path)) == -1) {
		if (errno == EACCES && geteuid() != 0)
			say_about(s, true, "only root can check it");
		else
			say_about(s, false, "%s", errno == EINVAL ?
			    "not a regular file" : strerror(errno));
		return -1;
	}
	if (is_guarded(s, fd))
		return fd;
	close(fd);
	return -1;
}

/* Only verified routes depend on it; others note what they see. */
static void
check_ca(const struct conf *conf, void (*say)(bool, struct str))
{
	char	 path[FILE_NAME_MAX + 1], line[LINE_MAX_LEN];
	int	 fd;

	snprintf(path, sizeof(path), "%.*s", STR_FMT(conf->ca_file));
	if ((fd = regular_open(path)) != -1) {
		close(fd);
		return;
	}
	for (size_t i = 0; i < conf->n_routes; i++) {
		const struct route_conf	*r = &conf->routes[i];

		if (r->tls != TLS_LEVEL_VERIFY)
			continue;
		snprintf(line, sizeof(line), "%.*s:%u: route %.*s: tls "
		    "verify finds no issuer to trust: ca-file %s: %s",
		    STR_FMT(r->origin.file), r->origin.line,
		    STR_FMT(r->pattern), path, strerror(errno));
		say(true, str_of(line));
		return;
	}
}

int
secrets_open(struct loaded *l, void (*say)(bool, struct str))
{
	const struct conf	*conf = &l->memory->conf;
	struct secret_file	 s = { .say = say };

	check_ca(conf, say);
	for (size_t i = 0; i < conf->n_certificates; i++) {
		const struct certificate_conf	*c = &conf->certificates[i];

		s.origin = &c->origin, s.name = c->name;
		s.what = "certificate", s.part = ": key", s.file = c->key_file;
		if (!c->self_signed)
			l->keys[i] = open_guarded(&s);
	}
	for (size_t i = 0; i < conf->n_credentials; i++) {
		const struct credential_conf	*c = &conf->credentials[i];

		s.origin = &c->origin, s.name = c->name;
		s.what = "credentials", s.part = ": file", s.file = c->file;
		l->credentials[i] = open_guarded(&s);
	}
	return s.errors == 0 ? 0 : -1;
}

/* ---- passing on -------------------------------------------------------- */

static void
send_files(struct peer *p, const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct secret	 m = { (uint16_t)i };
		int		 fd;

		if (fds[i] == -1)
			continue;	/* self-signed */
		if ((fd = regular_again(fds[i])) == -1)
			log_error("cannot pass a secret to role=%s: %s",
			    role_name(p->role), strerror(errno));
		else
			peer_send_fd(p, SECRET, 0, fd, &m);
	}
}

static void
send_ca(struct peer *p, const struct conf *conf)
{
	const struct nothing	 nothing = { };
	char			 path[FILE_NAME_MAX + 1];
	int			 fd;

	snprintf(path, sizeof(path), "%.*s", STR_FMT(conf->ca_file));
	if ((fd = regular_open(path)) != -1)
		peer_send_fd(p, CA_BUNDLE, 0, fd, &nothing);
}

void
secrets_send(struct peer *p, const struct loaded *l)
{
	const struct conf	*conf = &l->memory->conf;

	if (p->role == ROLE_KEYD_SIGN)
		send_files(p, l->keys, conf->n_certificates);
	else if (p->role == ROLE_KEYD_CRED)
		send_files(p, l->credentials, conf->n_credentials);
	else if (p->role == ROLE_DELIVERD_OUT)
		send_ca(p, conf);
}
