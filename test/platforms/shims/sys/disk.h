#pragma once

// The ioctls of FreeBSD's disks. Linux refuses them, so the tests cover only the refusal.
#include <sys/ioctl.h>
#include <sys/types.h>

#define DIOCGSECTORSIZE _IOR('d', 128, u_int)
#define DIOCGMEDIASIZE _IOR('d', 129, off_t)
#define DIOCGDELETE _IOW('d', 136, off_t[2])
#define DIOCGSTRIPESIZE _IOR('d', 139, off_t)
