/*
 * What the kernel asks of the file system.  An extended attribute of the root
 * directory is not for the disk, but for whoever tests with it (control.h).
 */
#ifndef REQUESTS_H
#define REQUESTS_H

#include <fuse_lowlevel.h>

extern const struct fuse_lowlevel_ops	 requests;

#endif
