#pragma once

#include <cstdint>

#include "failure.h"

// Whether all of this works, the ways to zero and discard included.
extern const bool canControlBlockDevice;

// Sizes are bytes. An optimal block size of 0: the device names none.
struct BlockDevice {
  int64_t size = 0;
  uint32_t logicalBlockSize = 0;
  uint32_t physicalBlockSize = 0;
  uint32_t optimalBlockSize = 0;
  bool rotational = false;
};

Outcome<BlockDevice> blockDevice(int fd);

// Zeroes written by the device or the kernel.
Failure blockZeroOut(int fd, int64_t offset, int64_t length);

// What the range reads as afterwards is the device's choice.
Failure blockDiscard(int fd, int64_t offset, int64_t length);
