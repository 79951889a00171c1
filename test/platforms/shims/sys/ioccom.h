#pragma once

// _IOR() and _IOW() have another home here.
#include <sys/ioctl.h>
