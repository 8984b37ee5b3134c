/*
 * The load role: `postern -r load` compiles the configuration and its tables
 * in a jail of its own and hands master sealed memory, so that neither the
 * parser nor a big table runs as root or stalls the supervisor.
 */
#ifndef LOAD_H
#define LOAD_H

/*
 * The process's main: takes HELLO and CONFINE on descriptor 3, then one
 * LOAD_START, and says LOAD_ERROR for each fault and at last LOAD_END.
 * Returns an exit status.
 */
int	 load_main(int argc, char **argv);

#endif
