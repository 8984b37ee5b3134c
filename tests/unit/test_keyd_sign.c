/*
 * What keyd signs: the two strings of a TLS server, and nothing that is one
 * octet away from their form.
 */
#include "sign_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bounds.h"
#include "messages.h"

#define ECDSA_P256	0x0403
#define RSA_PKCS1	0x0401
#define RSA_PSS		0x0804
#define RSA_SHA1	0x0201

static uint8_t	 tbs[TLS_TBS_MAX + 64];

/* RFC 8446 4.4.3; the context's length includes its NUL */
static size_t
make_tls13(const char *who, size_t hash)
{
	size_t	 n = 64;

	memset(tbs, ' ', n);
	n += (size_t)snprintf((char *)tbs + n, 64,
	    "TLS 1.3, %s CertificateVerify", who) + 1;
	memset(tbs + n, 0xab, hash);
	return n + hash;
}

/* RFC 8422 5.4 */
static size_t
make_tls12(unsigned type, unsigned curve, unsigned point, unsigned first)
{
	memset(tbs, 0xcd, sizeof(tbs));
	tbs[64] = (uint8_t)type;
	tbs[65] = (uint8_t)(curve >> 8);
	tbs[66] = (uint8_t)curve;
	tbs[67] = (uint8_t)point;
	tbs[68] = (uint8_t)first;
	return 68 + point;
}

static bool
is_signed(uint16_t scheme, size_t n)
{
	return sign_is_handshake(scheme, str_bytes(tbs, n));
}

static void
test_tls13(void **state)
{
	static const struct {
		const char	*who;
		size_t		 hash;
		uint16_t	 scheme;
		bool		 ok;
	} cases[] = {
		{ "server", 32, ECDSA_P256, true },
		{ "server", 48, ECDSA_P256, true },
		{ "server", 32, RSA_PSS, true },
		{ "server", 32, RSA_PKCS1, false },
		{ "server", 32, RSA_SHA1, false },
		{ "server", 20, ECDSA_P256, false },
		{ "server", 64, ECDSA_P256, false },
		{ "server", 0, ECDSA_P256, false },
		{ "client", 32, ECDSA_P256, false },
		{ "Server", 32, ECDSA_P256, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(is_signed(cases[i].scheme,
		    make_tls13(cases[i].who, cases[i].hash)), cases[i].ok);
}

static void
test_tls12(void **state)
{
	static const struct {
		unsigned	 type, curve, point, first;
		uint16_t	 scheme;
		bool		 ok;
	} cases[] = {
		{ 3, 23, 65, 4, ECDSA_P256, true },
		{ 3, 23, 65, 4, RSA_PKCS1, true },
		{ 3, 24, 97, 4, RSA_PSS, true },
		{ 3, 25, 133, 4, RSA_PSS, true },
		{ 3, 29, 32, 9, RSA_PSS, true },
		{ 3, 30, 56, 9, RSA_PSS, true },
		{ 3, 23, 65, 4, RSA_SHA1, false },
		{ 3, 23, 65, 2, RSA_PSS, false },	/* compressed */
		{ 3, 23, 33, 2, RSA_PSS, false },
		{ 3, 29, 65, 4, RSA_PSS, false },
		{ 3, 22, 65, 4, RSA_PSS, false },
		{ 1, 23, 65, 4, RSA_PSS, false },
		{ 3, 23, 0, 4, RSA_PSS, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(is_signed(cases[i].scheme,
		    make_tls12(cases[i].type, cases[i].curve, cases[i].point,
		    cases[i].first)), cases[i].ok);
}

/* Shorter, longer, and each bit of what is fixed turned over. */
static void
test_damaged(void **state)
{
	size_t	 n = make_tls13("server", 32);

	(void)state;
	for (size_t len = 0; len <= TLS_TBS_MAX; len++)
		assert_int_equal(is_signed(ECDSA_P256, len),
		    len == n || len == n + 16);
	for (size_t bit = 0; bit < 98 * 8; bit++) {
		tbs[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(is_signed(ECDSA_P256, n));
		tbs[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	n = make_tls12(3, 23, 65, 4);
	for (size_t len = 0; len <= TLS_TBS_MAX; len++)
		assert_int_equal(is_signed(ECDSA_P256, len), len == n);
	for (size_t bit = 64 * 8; bit < 69 * 8; bit++) {
		tbs[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(is_signed(ECDSA_P256, n));
		tbs[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
test_schemes(void **state)
{
	unsigned	 n = 0;
	size_t		 len = make_tls12(3, 29, 32, 0);

	(void)state;
	for (unsigned scheme = 0; scheme <= 0xffff; scheme++)
		n += is_signed((uint16_t)scheme, len);
	assert_int_equal(n, 11);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_tls13),
		cmocka_unit_test(test_tls12),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_schemes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
