/*
 * The computing: one hash of a password, as its entry wants it.  In threads;
 * nothing here is shared.
 */
#ifndef AUTH_VERIFY_H
#define AUTH_VERIFY_H

#include <stdbool.h>

#include "auth_entry.h"

/*
 * Whether it is this password.  It takes as long for a wrong one.  entry is
 * one that auth_entry_parse has read; password and its hash have a NUL
 * behind their last octet.
 */
bool	 auth_verify(const struct auth_entry *, struct str password);

#endif
