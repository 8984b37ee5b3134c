/*
 * The form of a certificate chain in a text file (RFC 7468), as far as it
 * can be told without reading what is in it: keyd and smtpd do that.
 */
#ifndef PEM_H
#define PEM_H

#include "str.h"

/*
 * NULL when there is at least one certificate in the text, each is whole and
 * there is no private key; else what is wrong, in words.
 */
const char	*pem_chain_fault(struct str text);

#endif
