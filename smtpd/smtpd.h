/*
 * The process smtpd: what of a process' life it takes part in.
 */
#ifndef SMTPD_H
#define SMTPD_H

struct proc_ops;

extern const struct proc_ops	 smtpd_ops;

#endif
