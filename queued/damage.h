/*
 * What recovery finds damaged is copied into damaged/, as octets and as a
 * report for people, and left where it is: the service goes on without it.
 * Each place is put aside once, however often it is found.
 */
#ifndef DAMAGE_H
#define DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "segment_scan.h"

#define DAMAGES_MAX	1000	/* put aside at one start; more are counted */

/* A start begins: nothing is known yet. */
void	 damage_begin(void);
/* Something could not be told for another reason, which was logged. */
void	 damage_doubt(void);
/* Whether anything was put aside, or there was doubt, since the beginning. */
bool	 damage_any(void);

/* The damage may yet turn out to be the torn end of what was written. */
void	 damage_note(const struct damage *);
/*
 * At the end of a life: puts aside those noted whose records it had synced
 * before they were lost.  The others were under way when the process or the
 * machine stopped, and nobody had been told that they are there.
 */
void	 damage_settle(uint64_t durable);
/* A VOID, of the life that is read: what it speaks of is not missing. */
void	 damage_void(const struct record *);
/* Takes out of the damage what is not missing; false when nothing else is. */
bool	 damage_trim(struct damage *);
/* VOIDs speak of one life: that is over, as for damage_settle. */
void	 damage_end_life(void);
/* A file of log/ that is no segment goes into damaged/ whole. */
void	 damage_file(const char *name, const char *what);

#endif
