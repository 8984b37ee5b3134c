/*
 * The computing: one hash of a password, as its entry wants it.  In threads;
 * nothing here is shared.
 */
#ifndef AUTH_VERIFY_H
#define AUTH_VERIFY_H

#include "messages.h"

#include "auth_entry.h"

/*
 * Whether it is this password: SECRET_OK, SECRET_UNKNOWN, or SECRET_BUSY
 * without the memory to compute it.  It takes as long for a wrong one.  entry
 * is one that auth_entry_parse has read; password and its hash have a NUL
 * behind their last octet.
 */
enum secret_result auth_verify(const struct auth_entry *,
	    struct str password);

#endif
