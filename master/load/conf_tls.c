/*
 * Certificates, and which of them a listener shows.  A certificate's chain
 * is read here, since it is public and every process that serves TLS needs
 * it; its key is only named.
 */
#include "conf_tls.h"

#include <errno.h>

#include "conf_kinds.h"
#include "conf_print.h"
#include "conf_value.h"
#include "pem.h"

static const struct str	 word_none = STR("none");
static const struct str	 word_self_signed = STR("self-signed");

/* ---- certificate NAME { chain FILE; key FILE; } ------------------------ */

static struct certificate_conf *
certificate_add(struct build *b, const struct certificate_conf *c)
{
	struct certificate_conf	*to;

	to = BUILD_ADD(b, &c->origin, &b->conf, certificates,
	    CERTIFICATES_MAX);
	if (to != NULL)
		*to = *c;
	return to;
}

static int
certificate_find(const struct build *b, struct str name)
{
	for (size_t i = 0; i < b->conf.n_certificates; i++)
		if (str_equal(b->conf.certificates[i].name, name))
			return (int)i;
	return -1;
}

/* The one that keyd makes, which is there when somebody asks for it. */
static int
self_signed(struct build *b, const struct origin *at)
{
	const struct certificate_conf	 c = { .origin = *at,
	    .name = word_self_signed, .self_signed = true };
	int				 i;

	if ((i = certificate_find(b, word_self_signed)) != -1)
		return i;
	if (certificate_add(b, &c) == NULL)
		return -1;
	return (int)b->conf.n_certificates - 1;
}

static void
read_chain(struct build *b, struct certificate_conf *c)
{
	struct buf	 text = BUF_INIT(CHAIN_MAX);
	const char	*why = NULL;
	int		 error;

	error = b->source->read(b->source->data, c->chain_file, &text);
	if (error == EFBIG)
		why = "longer than 64k";
	else if (error != 0)
		why = strerror(error);
	else
		why = pem_chain_fault(buf_str(&text));
	if (why == NULL)
		c->chain = build_copy(b, buf_str(&text));
	else
		report_error(b->report, &c->origin, "certificate %.*s: chain "
		    "%s: %s", STR_FMT(c->name), log_text(c->chain_file), why);
	buf_clear(&text);
}

static void
certificate_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct certificate_conf	 c = { .origin = st->origin };
	unsigned		 errors = b->report->errors;

	(void)base;
	if (st->n_words == 2 && str_equal(st->words[1], word_self_signed)) {
		if (build_wants(b, st, 1, 1, false))
			self_signed(b, &st->origin);
		return;
	}
	if (!build_wants(b, st, 1, 1, true) ||
	    value_name(b, st, st->words[1], &c.name) == -1)
		return;
	if (str_equal(c.name, word_none)) {
		WRONG(b, st, "none has a meaning of its own");
		return;
	}
	build_block(b, IN_CERTIFICATE, d->name, &st->origin, st->children,
	    &c);
	if (errors == b->report->errors)
		read_chain(b, &c);
	/* also one with errors: it is there for those who name it */
	certificate_add(b, &c);
}

static void
certificate_print(struct printer *p, const struct directive *d,
    const void *base)
{
	const struct conf	*conf = &p->build->conf;

	(void)base;
	for (size_t i = 0; i < conf->n_certificates; i++) {
		const struct certificate_conf	*c = &conf->certificates[i];

		print_name(p, d->name);
		print_word(p, c->name);
		if (c->self_signed)
			print_end(p);
		else
			print_block(p, IN_CERTIFICATE, c);
	}
}

/* ---- listen { tls NAME ...|none; } ------------------------------------- */

static bool
has_certificate(const struct listener_build *l, int certificate)
{
	for (size_t i = 0; i < l->conf.n_certificates; i++)
		if (l->conf.certificates[i].certificate == certificate)
			return true;
	return false;
}

static void
add_certificate(struct build *b, const struct origin *at,
    struct listener_build *l, int certificate)
{
	struct certificate_ref	*to;

	to = BUILD_ADD(b, at, &l->conf, certificates,
	    LISTENER_CERTIFICATES_MAX);
	if (to != NULL)
		to->certificate = (uint16_t)certificate;
}

static void
tls_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct listener_build	*l = base;
	int			 c;

	(void)d;
	l->tls_given = true;
	if (!build_wants(b, st, 1, LISTENER_CERTIFICATES_MAX, false) ||
	    (st->n_words == 2 && str_equal(st->words[1], word_none)))
		return;
	for (size_t i = 1; i < st->n_words; i++) {
		if (str_equal(st->words[i], word_self_signed))
			c = self_signed(b, &st->origin);
		else
			c = certificate_find(b, st->words[i]);
		if (c == -1)
			WRONG(b, st, "no certificate %s (nor none or "
			    "self-signed)", log_text(st->words[i]));
		else if (has_certificate(l, c))
			WRONG(b, st, "%s is there twice",
			    log_text(st->words[i]));
		else
			add_certificate(b, &st->origin, l, c);
	}
}

static void
tls_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct listener_build	*l = base;
	const struct conf		*conf = &p->build->conf;

	print_name(p, d->name);
	for (size_t i = 0; i < l->conf.n_certificates; i++)
		print_word(p, conf->certificates[
		    l->conf.certificates[i].certificate].name);
	if (l->conf.n_certificates == 0)
		print_word(p, word_none);
	print_end(p);
}

/* ---- a listener as a whole --------------------------------------------- */

void
listener_tls_fill(struct build *b, struct listener_build *l)
{
	int	 c;

	if (!l->tls_given && l->conf.service != SERVICE_LOCAL &&
	    (c = self_signed(b, &l->conf.origin)) != -1)
		add_certificate(b, &l->conf.origin, l, c);
	if (l->conf.n_certificates == 0)
		l->conf.tls = TLS_LEVEL_NONE;
	else if (l->conf.service == SERVICE_SUBMISSIONS ||
	    l->require_tls == ANSWER_YES)
		l->conf.tls = TLS_LEVEL_ENCRYPT;
	else
		l->conf.tls = TLS_LEVEL_MAY;
}

/* What cannot be without TLS. */
static void
check_without(struct build *b, const struct statement *st,
    const struct listener_build *l)
{
	if (l->conf.service == SERVICE_SUBMISSIONS)
		WRONG(b, st, "submissions speaks TLS from the first octet "
		    "(RFC 8314 3.3): tls none cannot be");
	if (l->conf.auth_table != TABLE_NONE)
		WRONG(b, st, "auth wants TLS, without which passwords would "
		    "be readable on the way (RFC 4954 9)");
	if (l->require_tls == ANSWER_YES)
		WRONG(b, st, "require-tls wants a certificate: see tls");
	if (l->conf.client_certificates)
		WRONG(b, st, "client-certificates want TLS: see tls");
}

void
listener_tls_check(struct build *b, const struct statement *st,
    const struct listener_build *l)
{
	if (l->conf.service == SERVICE_LOCAL && l->conf.n_certificates != 0)
		WRONG(b, st, "nobody listens in on the socket file: tls has "
		    "no meaning here");
	else if (l->conf.tls == TLS_LEVEL_NONE &&
	    l->conf.service != SERVICE_LOCAL)
		check_without(b, st, l);
	if (l->conf.service == SERVICE_SUBMISSIONS &&
	    l->require_tls == ANSWER_NO)
		WRONG(b, st, "submissions speaks TLS from the first octet: "
		    "require-tls no cannot be");
}

void
listener_tls_warn(struct build *b, const struct statement *st,
    const struct listener_build *l)
{
	if (l->conf.service == SERVICE_MX && l->require_tls == ANSWER_YES)
		report_warning(b->report, &st->origin, "listen: require-tls "
		    "keeps out mail from hosts without TLS (RFC 3207 4)");
	if (!l->tls_given && l->conf.service != SERVICE_LOCAL &&
	    b->conf.n_certificates > 1)
		report_warning(b->report, &st->origin, "listen: without tls "
		    "NAME; it shows a self-signed certificate, not one of "
		    "yours");
}

const struct kind kind_certificate = { certificate_set, certificate_print };
const struct kind kind_tls = { tls_set, tls_print };
