/*
 * The files that only keyd may read, and the trusted issuers: opened by
 * master, which has the rights, passed on as descriptors, and never read
 * here.
 */
#ifndef SECRETS_H
#define SECRETS_H

#include <stdbool.h>

#include "loader.h"
#include "peer.h"

/*
 * Opens the keys and credentials of a configuration, once: a keyd that is
 * started later gets the same files, which fit the certificates that were
 * read with them, whatever has taken their names meanwhile.  Each that
 * cannot be used is told with file and line.  -1 when there was an error.
 *
 * Who is not root (postern -n) is only warned of what he may not open.
 */
int	 secrets_open(struct loaded *, void (*say)(bool warning, struct str));
/* SECRETs and CA_BUNDLE, each for its role; nothing to the others. */
void	 secrets_send(struct peer *, const struct loaded *);

#endif
