#pragma once

#include <cstdint>

#include "../common/failure.h"

// Block devices: linux.cc, freebsd.cc, darwin.cc and other.cc implement this.

// True when this system supports all functions of this file, including the ways to zero and to discard.
extern const bool canControlBlockDevice;

// Sizes are in bytes. An optimal block size of 0 means that the device does not report one.
struct BlockDevice {
  int64_t size = 0;
  uint32_t logicalBlockSize = 0;
  uint32_t physicalBlockSize = 0;
  uint32_t optimalBlockSize = 0;
  bool rotational = false;
};

Outcome<BlockDevice> blockDevice(int fd);

// Writes zeroes to the range. The device or the kernel does the work.
Failure blockZeroOut(int fd, int64_t offset, int64_t length);

// Discards the range. The device decides what later reads of the range return.
Failure blockDiscard(int fd, int64_t offset, int64_t length);
