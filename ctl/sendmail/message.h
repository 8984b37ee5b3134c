/*
 * A message as it was handed to us: its header section in memory, its body
 * put by, all of it with CRLF for line ends whatever it came with.  It is
 * taken whole before the server hears of it: who writes it may take hours,
 * and the server may have to be told a second time.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

#include "spill.h"

struct message {
	struct buf	header;		/* fields only, no empty line; each
					   line with its CRLF */
	struct spill	body;
	bool		eight_bit;	/* some octet is */
};

enum message_result {
	MESSAGE_OK,
	MESSAGE_HEADER_TOO_LARGE,	/* over HEADER_MAX octets */
	MESSAGE_NOT_READ,		/* see errno */
	MESSAGE_NO_ROOM			/* see errno */
};

void	 message_init(struct message *);
void	 message_clear(struct message *);

/*
 * Reads from fd up to its end, or with dots to a line that is one dot.  The
 * header section ends at an empty line, or before the first line that is no
 * field and continues none: such a line is the body's first.  A "From " line
 * of a mailbox at the front is dropped.
 */
enum message_result message_read(struct message *, int fd, bool dots);

#endif
