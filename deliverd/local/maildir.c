/*
 * One delivery, step by step; each failure is undone and put into the words
 * that a postmaster needs.
 */
#include "maildir.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "header.h"
#include "log.h"
#include "maildir_dir.h"

#define WRITE_SIZE	65536	/* collected before it is written */
#define NAME_SIZE	256	/* of a file, with its NUL */
#define CLEAN_EVERY	100	/* deliveries between looks at tmp */

/* A file being written: CRLF becomes LF on the way. */
struct out {
	int		 fd;
	struct buf	 buf;
	bool		 cr;		/* held back */
	uint64_t	 size;
	int		 error;		/* the first errno */
};

static void
write_out(struct out *o)
{
	struct str	 s = buf_str(&o->buf);
	ssize_t		 n;

	while (s.n != 0 && o->error == 0) {
		n = write(o->fd, s.p, s.n);
		if (n == -1 && errno != EINTR)
			o->error = errno;
		else if (n > 0)
			s = str_skip(s, (size_t)n);
	}
	buf_reset(&o->buf);
}

static void
put_octets(struct out *o, struct str s)
{
	if (s.n == 0)
		return;
	if (buf_put_str(&o->buf, s) == -1 && o->error == 0)
		o->error = ENOMEM;
	o->size += s.n;
	if (o->buf.len >= WRITE_SIZE)
		write_out(o);
}

/* s with each CRLF as LF; a CR that ends s is kept until what follows. */
static void
put(struct out *o, struct str s)
{
	const char	*cr;
	size_t		 n;

	while (s.n != 0 && o->error == 0) {
		if (o->cr && s.p[0] != '\n')
			put_octets(o, str_bytes("\r", 1));
		o->cr = false;
		cr = memchr(s.p, '\r', s.n);
		n = cr != NULL ? (size_t)(cr - s.p) : s.n;
		put_octets(o, str_bytes(s.p, n));
		o->cr = cr != NULL;
		s = str_skip(s, cr != NULL ? n + 1 : n);
	}
}

static void
put_end(struct out *o)
{
	if (o->cr)
		put_octets(o, str_bytes("\r", 1));
	o->cr = false;
	write_out(o);
}

/* ---- what is written --------------------------------------------------- */

static void
say(struct maildir_result *r, enum rcpt_status status, const char *code,
    const char *fmt, ...)
{
	va_list	ap;

	r->status = status;
	r->code = code;
	va_start(ap, fmt);
	vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
}

/* Addresses are ours, checked long ago; still, nothing here starts a line. */
static void
put_address_field(struct out *o, const char *name, struct str address,
    bool brackets)
{
	static struct buf	 line = BUF_INIT(8 * ADDRESS_MAX);

	buf_reset(&line);
	buf_puts(&line, name);
	buf_puts(&line, brackets ? ": <" : ": ");
	header_put_utf8(&line, address);
	buf_puts(&line, brackets ? ">\n" : "\n");
	put_octets(o, buf_str(&line));
}

/* RFC 5321 4.4: exactly one Return-Path, by the last who knows it. */
static void
put_header(struct out *o, const struct maildir_mail *m)
{
	static const struct str	 return_path = STR("Return-Path");
	struct str		 rest = m->header;
	struct header_field	 f;

	put_address_field(o, "Return-Path", m->sender, true);
	put_address_field(o, "Delivered-To", m->rcpt, false);
	while (header_next(&rest, &f))
		if (!str_equal_nocase(f.name, return_path))
			put(o, f.raw);
	put(o, rest);
}

static void
put_file(struct out *o, int fd)
{
	static char	 piece[WRITE_SIZE];
	off_t		 at = 0;
	ssize_t		 n;

	while (o->error == 0 &&
	    (n = pread(fd, piece, sizeof(piece), at)) != 0) {
		if (n == -1)
			o->error = errno == EINTR ? 0 : errno;
		else
			put(o, str_bytes(piece, (size_t)n));
		at += n > 0 ? n : 0;
	}
}

static bool
was_here(const struct maildir_mail *m)
{
	struct str		 rest = m->header;
	struct header_field	 f;
	struct buf		 value = BUF_INIT(HEADER_LINE_MAX);
	bool			 found = false;

	while (!found && header_find(rest, "Delivered-To", &f)) {
		buf_reset(&value);
		value.failed = false;
		header_unfold(&value, f.value);
		found = str_equal_nocase(buf_str(&value), m->rcpt);
		rest = str_skip(rest, (size_t)(f.raw.p + f.raw.n - rest.p));
	}
	buf_clear(&value);
	return found;
}

/* ---- the file ---------------------------------------------------------- */

/* time.MusecPpidQn.host: unlike any other name on this host, for ever. */
static void
make_name(char name[NAME_SIZE], struct str hostname)
{
	static unsigned	 n;
	struct timespec	 now;
	int		 len;
	char		 host[128];
	size_t		 h = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	for (size_t i = 0; i < hostname.n && h < sizeof(host) - 1; i++)
		if (hostname.p[i] > ' ' && hostname.p[i] <= '~' &&
		    hostname.p[i] != '/' && hostname.p[i] != ':')
			host[h++] = hostname.p[i];
	host[h] = '\0';
	len = snprintf(name, NAME_SIZE, "%lld.M%06ldP%dQ%u.%s",
	    (long long)now.tv_sec, now.tv_nsec / 1000, (int)getpid(), ++n,
	    host);
	(void)len;	/* far less than NAME_SIZE */
}

static int
write_mail(int fd, const struct maildir_mail *m, uint64_t *size)
{
	struct out	 o = { .fd = fd,
			    .buf = BUF_INIT(2 * WRITE_SIZE + HEADER_MAX) };

	put_header(&o, m);
	if (m->fd != -1)
		put_file(&o, m->fd);
	else
		put(&o, m->body);
	put_end(&o);
	buf_clear(&o.buf);
	*size = o.size;
	if (o.error == 0 && fsync(fd) == -1)
		o.error = errno;
	errno = o.error;
	return o.error == 0 ? 0 : -1;
}

/* Into new, under a name that says the size to those who want it. */
static int
move_to_new(const struct maildir_dirs *d, const char *name, uint64_t size)
{
	char	 to[NAME_SIZE + 32];

	snprintf(to, sizeof(to), "%s,S=%llu", name,
	    (unsigned long long)size);
	if (linkat(d->tmp, name, d->new, to, 0) == 0) {
		if (unlinkat(d->tmp, name, 0) == -1)
			log_warn("cannot unlink a delivered mail in tmp");
	} else if (errno == EEXIST || renameat(d->tmp, name, d->new, to) == -1)
		return -1;	/* (file systems without links: renamed) */
	return fsync(d->new);
}

static int
write_file(const struct maildir_dirs *d, const struct maildir_mail *m)
{
	char		 name[NAME_SIZE];
	uint64_t	 size;
	int		 fd, r, saved;

	make_name(name, m->hostname);
	fd = openat(d->tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	r = write_mail(fd, m, &size);
	if (close(fd) == -1)
		r = -1;
	if (r == 0)
		r = move_to_new(d, name, size);
	if (r == -1) {
		saved = errno;
		(void)unlinkat(d->tmp, name, 0);
		errno = saved;
	}
	return r;
}

/* ---- delivery ---------------------------------------------------------- */

static void
say_errno(struct maildir_result *r, int error)
{
	static const struct {
		int		 error;
		const char	*code, *text;
	} causes[] = {
		{ EDQUOT, "4.2.2", "mailbox is over its quota" },
		{ ENOSPC, "4.3.1", "no space left for mailboxes" },
		{ ELOOP, "4.3.5", "a symbolic link is in the mailbox's path" },
		{ ENOTDIR, "4.3.5", "the mailbox or a part of its path is not "
		    "a directory" },
		{ EPERM, "4.3.5", "a directory of the mailbox belongs to, or "
		    "can be written by, somebody else" },
		{ EACCES, "4.3.5", "the mailbox may not be written" },
		{ ENOENT, "4.3.5", "the directory for mailboxes is missing" },
	};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].error == error) {
			say(r, RCPT_DEFERRED, causes[i].code, "%s",
			    causes[i].text);
			return;
		}
	say(r, RCPT_DEFERRED, "4.3.0", "mailbox: %s", strerror(error));
}

void
maildir_deliver(const struct maildir_mail *m, struct maildir_result *r)
{
	static unsigned		 n;
	struct maildir_dirs	 d;

	if (geteuid() == 0) {
		say(r, RCPT_DEFERRED, "4.3.5", "mail is never delivered by "
		    "root");
		return;
	}
	if (was_here(m)) {
		say(r, RCPT_FAILED, "5.4.6", "mail loop: it has been in this "
		    "mailbox before");
		return;
	}
	if (maildir_open(m->base, m->below, &d) == -1) {
		say_errno(r, errno);
		return;
	}
	if (write_file(&d, m) == -1)
		say_errno(r, errno);
	else
		say(r, RCPT_DELIVERED, "2.0.0", "delivered to the mailbox");
	if (n++ % CLEAN_EVERY == 0)
		maildir_clean(d.tmp);
	maildir_close(&d);
}
