// For systems without a file of their own: nothing is supported.

#include "block_device.h"

const bool canControlBlockDevice = false;

Outcome<BlockDevice> blockDevice(int) { return {{}, notSupported("ioctl")}; }

Failure blockZeroOut(int, int64_t, int64_t) { return notSupported("ioctl"); }

Failure blockDiscard(int, int64_t, int64_t) { return notSupported("ioctl"); }
