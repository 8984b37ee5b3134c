/*
 * What is wrong with an answer, said once and turned into an exit status.
 */
#ifndef COMPLAIN_H
#define COMPLAIN_H

#include "messages.h"

/* EX_OK where nothing is wrong; what: of which message. */
int	 complain(enum show_result, const char *what);
/* The only argument of a command that takes an id. */
struct str id_argument(int argc, char **argv);

#endif
