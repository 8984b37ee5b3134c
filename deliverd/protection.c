/*
 * Credentials are known by their names: an index means nothing after a
 * reload.
 */
#include "protection.h"

#include "proc.h"

static struct str
credential_name(const struct route_wake *m)
{
	const struct conf	*conf = proc_conf();

	if (m->conf != conf->number || m->credential >= conf->n_credentials)
		return STR_NONE;
	return conf->credentials[m->credential].name;
}

static size_t
copy(char *to, size_t size, struct str s)
{
	size_t	 n = s.n < size ? s.n : size;

	if (n != 0)
		memcpy(to, s.p, n);
	return n;
}

void
protection_set(struct protection *p, const struct route_wake *m)
{
	p->tls_first = m->via_tls;
	p->level = m->tls;
	p->credential = m->credential;
	p->conf = m->conf;
	p->n_name = copy(p->name, sizeof(p->name), m->tls_name);
	p->n_credential = copy(p->credential_name,
	    sizeof(p->credential_name), credential_name(m));
}

bool
protection_is(const struct protection *p, const struct route_wake *m)
{
	struct str	 ours = { p->credential_name, p->n_credential };

	if (p->tls_first != m->via_tls || p->level != m->tls ||
	    !str_equal(str_bytes(p->name, p->n_name), m->tls_name) ||
	    !str_equal(ours, credential_name(m)))
		return false;
	return ours.n != 0 || (p->credential == m->credential &&
	    (p->credential == CREDENTIAL_NONE || p->conf == m->conf));
}

void
protection_credential(const struct protection *p, struct cred_ask *m)
{
	const struct conf	*conf = proc_conf();
	struct str		 name = { p->credential_name,
				    p->n_credential };

	m->conf = p->conf;
	m->credential = p->credential;
	for (size_t i = 0; i < conf->n_credentials && name.n != 0; i++)
		if (str_equal(conf->credentials[i].name, name)) {
			m->conf = conf->number;
			m->credential = (uint16_t)i;
		}
}
