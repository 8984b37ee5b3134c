/*
 * U-labels to A-labels.
 */
#include "idn.h"

#include <idn2.h>

int
idn_to_ascii(struct str text, char store[DOMAIN_MAX], struct str *name)
{
	uint8_t	 in[DOMAIN_MAX + 1];
	uint8_t	*out;
	int	 r;

	if (text.n > DOMAIN_MAX)
		return -1;
	memcpy(in, text.p, text.n);
	in[text.n] = '\0';
	/* what people type is not always in the form of the standard */
	if (idn2_lookup_u8(in, &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
	    IDN2_OK)
		return -1;
	r = domain_parse(str_of((const char *)out), 0, store, name);
	idn2_free(out);
	return r;
}
