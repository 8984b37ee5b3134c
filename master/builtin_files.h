/*
 * The files of the configuration that is built in.  What is there stays as
 * it is: it may have been edited.
 */
#ifndef BUILTIN_FILES_H
#define BUILTIN_FILES_H

#include <sys/types.h>

/*
 * Makes below dir, which is there: mail, recipients, and users with alice
 * and a password that is drawn now and noted in password.  The mailboxes
 * will be those of uid.  0, or -1 with a log line.
 */
int		 builtin_files_make(const char *dir, uid_t uid);
/* alice's password; NULL where somebody else has made users. */
const char	*builtin_password(void);

#endif
