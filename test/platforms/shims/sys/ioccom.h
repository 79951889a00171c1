#pragma once

// _IOR() and _IOW() are in another header on Linux.
#include <sys/ioctl.h>
