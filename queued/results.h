/*
 * The recipients that come out of an expansion, with the memory that their
 * addresses need: a set, as each gets a message once (RFC 5321 3.9), however
 * often it was named.
 */
#ifndef RESULTS_H
#define RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "envelope.h"
#include "str.h"

enum results_end { RESULTS_OK, RESULTS_FULL, RESULTS_NO_MEMORY };

void	 results_reset(void);
size_t	 results_count(void);
/* Back to the first n. */
void	 results_truncate(size_t n);
/* Success of those from the nth on is not reported. */
void	 results_no_success(size_t n);
/* Borrowed until something is added. */
size_t	 results_list(const struct recipient **);

/*
 * Adds address (borrowed) in the place of from's; ours says that the case of
 * its local part does not count.  One that is there already is not added
 * again: that one then reports on behalf of both.  RESULTS_NO_MEMORY: the
 * address has no p.
 */
enum results_end results_add(const struct recipient *from,
	    struct str address, bool ours);

/*
 * local@domain in canonical form, in memory that lasts until results_reset:
 * of a local part without quotes, or of one that has them where it needs
 * them.  p is NULL when there is no memory.
 */
struct str	 results_address(struct str local, struct str domain);
struct str	 results_join(struct str quoted_local, struct str domain);

#endif
