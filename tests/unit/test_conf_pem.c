/*
 * The form of certificate chains, as the load role judges it.
 */
#include "pem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define CERT(body)	"-----BEGIN CERTIFICATE-----\n" body		\
			"-----END CERTIFICATE-----\n"
#define BODY		"MIIBszCCAVmgAwIBAgIU\nabc+/0123==\n"
#define TWO		CERT(BODY) CERT(BODY)
#define TEN		TWO TWO TWO TWO TWO

static void
test_chains(void **state)
{
	static const struct {
		const char	*text, *fault;	/* a part of it; NULL: good */
	} cases[] = {
		{ CERT(BODY), NULL },
		{ CERT(BODY) CERT(BODY), NULL },
		/* no newline at the end; those of other systems; blanks */
		{ "-----BEGIN CERTIFICATE-----\nabcd\n"
		  "-----END CERTIFICATE-----", NULL },
		{ "-----BEGIN CERTIFICATE-----\r\nabcd\r\n"
		  "-----END CERTIFICATE-----\r\n", NULL },
		{ "-----BEGIN CERTIFICATE-----  \nabcd\t\n"
		  "-----END CERTIFICATE-----\n", NULL },
		/* what is between is for people (RFC 7468 5.2) */
		{ "subject=CN = mx\n" CERT(BODY) "\nissuer: x\n" CERT(BODY),
		  NULL },
		{ "-----BEGIN DH PARAMETERS-----\nabcd\n"
		  "-----END DH PARAMETERS-----\n" CERT(BODY), NULL },

		{ TEN, NULL },
		{ TEN CERT(BODY), "more than 10" },
		{ "", "no certificate" },
		{ "not a certificate\n", "no certificate" },
		{ "0\x82\x01\x02", "no certificate" },
		{ " -----BEGIN CERTIFICATE-----\nabcd\n", "no certificate" },
		{ "-----BEGIN X509 CRL-----\nabcd\n-----END X509 CRL-----\n",
		  "no certificate" },
		{ CERT(""), "not whole" },
		{ "-----BEGIN CERTIFICATE-----\n", "not whole" },
		{ "-----BEGIN CERTIFICATE-----\nabcd\n", "not whole" },
		{ "-----BEGIN CERTIFICATE-----\nab cd\n"
		  "-----END CERTIFICATE-----\n", "not whole" },
		{ "-----BEGIN CERTIFICATE-----\nabcd\n" CERT(BODY),
		  "not whole" },
		{ CERT(BODY) "-----BEGIN CERTIFICATE-----\nab", "not whole" },
		{ "-----BEGIN PRIVATE KEY-----\n", "private key" },
		{ CERT(BODY) "-----BEGIN RSA PRIVATE KEY-----\nabcd\n",
		  "private key" },
		{ CERT(BODY) "-----BEGIN ENCRYPTED PRIVATE KEY-----\r\n",
		  "private key" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char	*fault = pem_chain_fault(
				    str_of(cases[i].text));

		if (cases[i].fault == NULL)
			assert_null(fault);
		else {
			assert_non_null(fault);
			assert_non_null(strstr(fault, cases[i].fault));
		}
	}
}

/* Cut anywhere, one certificate is not whole or none at all. */
static void
test_cut(void **state)
{
	static const char	 text[] = CERT(BODY);
	size_t			 whole = sizeof(text) - 2;

	(void)state;
	assert_null(pem_chain_fault(str_bytes(text, whole)));
	for (size_t n = 0; n < whole; n++)
		assert_non_null(pem_chain_fault(str_bytes(text, n)));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
