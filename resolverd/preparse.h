/*
 * A strict look at a packet from a name server before any library sees it.
 * ldns 1.8.3 follows tens of thousands of compression pointers, leaks on
 * repeated TSIG records and trips over EDNS options; what passes here can do
 * none of that.  Walks every record once; allocates nothing, copies nothing.
 *
 * Refused, whatever else the packet says: anything but one question, more
 * than PREPARSE_RECORDS_MAX records, a class other than IN, names over 255
 * octets, pointers that do not lead backwards or more than
 * PREPARSE_HOPS_MAX of them in a name, TSIG, OPT anywhere but once in the
 * additional section, record data whose length is not that of its type,
 * types in the answer and authority sections that no question of ours
 * brings, and octets too few or left over.
 */
#ifndef PREPARSE_H
#define PREPARSE_H

#include <stddef.h>
#include <stdint.h>

#define DNS_HEADER		12	/* RFC 1035 4.1.1 */
#define PREPARSE_PACKET_MAX	16384	/* more comes by TCP alone, and none
					 * of our questions needs it */
#define PREPARSE_RECORDS_MAX	256
#define PREPARSE_HOPS_MAX	16	/* real ones have one or two */

enum preparse_result {
	PREPARSE_OK,
	PREPARSE_SHORT,		/* ends within a record */
	PREPARSE_LONG,		/* goes on behind the last, or too long */
	PREPARSE_QUESTION,	/* not just one question */
	PREPARSE_RECORDS,	/* too many records */
	PREPARSE_NAME,		/* too long, or a label of unknown kind */
	PREPARSE_POINTER,	/* forwards, in a circle, or too many */
	PREPARSE_CLASS,
	PREPARSE_TYPE,		/* one that has no place here */
	PREPARSE_OPTION,	/* OPT twice, elsewhere or malformed */
	PREPARSE_LENGTH,	/* of a record's data */
	PREPARSE_RESULT_N
};

/* What is in the packet beside its records. */
struct preparse {
	uint16_t	 rcode;		/* with OPT's upper bits, RFC 6891 */
	int		 ede;		/* RFC 8914 error code; -1: none */
	size_t		 authority_end;	/* where the additional section is */
};

/* Fills in x when it is PREPARSE_OK. */
enum preparse_result preparse(const uint8_t *, size_t n, struct preparse *x);
const char	*preparse_result_name(enum preparse_result);

#endif
