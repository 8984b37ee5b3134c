/*
 * Writing JSON (RFC 8259) into a buffer, a line an object, for the check of
 * a spool: members in the order in which they are put, numbers that are
 * integers, nothing but ASCII.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "str.h"

/* Between the braces or brackets: puts the comma where one is needed. */
void	 json_open(struct buf *, const char *name, char bracket);
void	 json_close(struct buf *, char bracket);
/* A member, or with name NULL an element. */
void	 json_number(struct buf *, const char *name, uint64_t);
void	 json_bool(struct buf *, const char *name, bool);
/*
 * Foreign text: well-formed UTF-8 as what it says, other octets as \xHH in
 * the way of log_text.
 */
void	 json_text(struct buf *, const char *name, struct str);
void	 json_hex(struct buf *, const char *name, const uint8_t *, size_t n);

#endif
