#pragma once

// The questions of FreeBSD's disks, which nothing here answers: they are asked, and refused.
#include <sys/ioctl.h>
#include <sys/types.h>

#define DIOCGSECTORSIZE _IOR('d', 128, u_int)
#define DIOCGMEDIASIZE _IOR('d', 129, off_t)
#define DIOCGDELETE _IOW('d', 136, off_t[2])
#define DIOCGSTRIPESIZE _IOR('d', 139, off_t)
