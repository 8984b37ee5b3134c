/*
 * smtpd: takes mail in by SMTP.  Started by postern(8) alone.
 */
#include "proc.h"

#include "smtpd.h"

int
main(int argc, char **argv)
{
	return proc_main(argc, argv, &smtpd_ops);
}
