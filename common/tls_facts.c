/*
 * What a handshake has led to, for logs, Received fields and policies: taken
 * from OpenSSL once, when it is complete.  What a certificate says of itself
 * is foreign text and comes out as printable ASCII of limited length.
 */
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdlib.h>

#include "tls_private.h"

#define NAME_TEXT_MAX	256	/* of a subject or issuer; cut */

/* RFC 2253 order and escapes; NULL without memory. */
static char *
name_text(const X509_NAME *name, struct str *to)
{
	char	*text = NULL, *from;
	BIO	*b;
	long	 n;

	if ((b = BIO_new(BIO_s_mem())) == NULL)
		return NULL;
	if (X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253) >= 0 &&
	    (n = BIO_get_mem_data(b, &from)) > 0)
		text = strndup(from, n < NAME_TEXT_MAX ? (size_t)n :
		    NAME_TEXT_MAX);
	BIO_free(b);
	*to = str_of(text);
	for (char *p = text; p != NULL && *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return text;
}

/* In its subjectAltName and nowhere else (RFC 6125 6.4.4, RFC 9525 2). */
static bool
is_for(X509 *cert, const char *name)
{
	const unsigned	 flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
			    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

	return name != NULL && (X509_check_host(cert, name, 0, flags,
	    NULL) == 1 || X509_check_ip_asc(cert, name, 0) == 1);
}

static void
judge(struct tls_conn *c, X509 *cert)
{
	struct tls_facts	*f = &c->facts;
	long			 result = SSL_get_verify_result(c->ssl);

	f->cert = TLS_CERT_VERIFIED;
	f->cert_why = "";
	if (result != X509_V_OK) {
		f->cert = TLS_CERT_UNTRUSTED;
		f->cert_why = X509_verify_cert_error_string(result);
	} else if (c->server == NULL && !is_for(cert, c->name)) {
		f->cert = TLS_CERT_MISMATCH;
		f->cert_why = "it is for another name";
	}
}

static void
gather_cert(struct tls_conn *c)
{
	X509		*cert = SSL_get1_peer_certificate(c->ssl);
	unsigned	 len = sizeof(c->facts.fingerprint);

	if (cert == NULL)
		return;
	judge(c, cert);
	c->subject = name_text(X509_get_subject_name(cert),
	    &c->facts.subject);
	c->issuer = name_text(X509_get_issuer_name(cert), &c->facts.issuer);
	(void)X509_digest(cert, EVP_sha256(), c->facts.fingerprint, &len);
	X509_free(cert);
}

void
tls_facts_gather(struct tls_conn *c)
{
	struct tls_facts	*f = &c->facts;
	const SSL_CIPHER	*cipher = SSL_get_current_cipher(c->ssl);
	const char		*sni;

	f->version = SSL_get_version(c->ssl);
	f->cipher = SSL_CIPHER_standard_name(cipher);
	f->bits = (unsigned)SSL_CIPHER_get_bits(cipher, NULL);
	f->resumed = SSL_session_reused(c->ssl);
	f->cert_why = "";
	sni = c->server == NULL ? NULL :
	    SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);
	if (sni != NULL && (c->sni = strdup(sni)) != NULL)
		f->sni = str_of(c->sni);
	gather_cert(c);
}

void
tls_facts_clear(struct tls_conn *c)
{
	free(c->sni);
	free(c->subject);
	free(c->issuer);
}
