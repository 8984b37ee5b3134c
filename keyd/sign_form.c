/*
 * The forms of what may be signed.  No string has both: behind the first 64
 * octets one has "T", the other 3.
 */
#include "sign_form.h"

#define RANDOMS		64	/* those of client and server, RFC 5246 7.4.3 */
#define SPACES		64	/* RFC 8446 4.4.3 */
#define NAMED_CURVE	3	/* RFC 8422 5.4 */
#define UNCOMPRESSED	4

static const struct sign_scheme	 schemes[] = {
	{ 0x0401, false, "RSA", "SHA256", false },
	{ 0x0501, false, "RSA", "SHA384", false },
	{ 0x0601, false, "RSA", "SHA512", false },
	{ 0x0403, true, "EC", "SHA256", false },
	{ 0x0503, true, "EC", "SHA384", false },
	{ 0x0603, true, "EC", "SHA512", false },
	{ 0x0804, true, "RSA", "SHA256", true },
	{ 0x0805, true, "RSA", "SHA384", true },
	{ 0x0806, true, "RSA", "SHA512", true },
	{ 0x0807, true, "ED25519", NULL, false },
	{ 0x0808, true, "ED448", NULL, false },
};

/* RFC 8422 5.1.1 and 5.4: a curve and the length of its points */
static const struct {
	uint16_t	 curve;
	uint8_t		 point;
	bool		 uncompressed;	/* they begin with that octet */
} curves[] = {
	{ 23, 65, true }, { 24, 97, true }, { 25, 133, true },
	{ 29, 32, false }, { 30, 56, false },
};

static bool
is_certificate_verify(struct str s)
{
	/* with its final NUL, which belongs to it */
	static const char	 context[] =
				    "TLS 1.3, server CertificateVerify";
	size_t			 head = SPACES + sizeof(context);

	if (s.n != head + 32 && s.n != head + 48)	/* SHA-256, SHA-384 */
		return false;
	for (size_t i = 0; i < SPACES; i++)
		if (s.p[i] != ' ')
			return false;
	return memcmp(s.p + SPACES, context, sizeof(context)) == 0;
}

static bool
is_key_exchange(struct str s)
{
	const uint8_t	*p;
	uint16_t	 curve;

	if (s.n < RANDOMS + 5)
		return false;
	p = (const uint8_t *)s.p + RANDOMS;
	if (p[0] != NAMED_CURVE)
		return false;
	curve = (uint16_t)(p[1] << 8 | p[2]);
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (curves[i].curve == curve)
			return p[3] == curves[i].point &&
			    s.n == RANDOMS + 4u + curves[i].point &&
			    (!curves[i].uncompressed || p[4] == UNCOMPRESSED);
	return false;
}

const struct sign_scheme *
sign_scheme(uint16_t number)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (schemes[i].number == number)
			return &schemes[i];
	return NULL;
}

bool
sign_is_handshake(uint16_t scheme, struct str tbs)
{
	const struct sign_scheme	*s = sign_scheme(scheme);

	return s != NULL && (is_key_exchange(tbs) ||
	    (s->tls13 && is_certificate_verify(tbs)));
}
