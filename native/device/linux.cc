#include <cstddef>  // linux/fs.h uses size_t without including it

#include <sys/ioctl.h>

#include <linux/fs.h>

#include "block_device.h"

const bool canControlBlockDevice = true;

Outcome<BlockDevice> blockDevice(int fd) {
  uint64_t size = 0;
  int logical = 0;
  unsigned physical = 0;
  unsigned optimal = 0;
  unsigned short rotational = 0;
  if (ioctl(fd, BLKGETSIZE64, &size) != 0) return {{}, lastFailure("BLKGETSIZE64")};
  if (ioctl(fd, BLKSSZGET, &logical) != 0) return {{}, lastFailure("BLKSSZGET")};
  if (ioctl(fd, BLKPBSZGET, &physical) != 0) return {{}, lastFailure("BLKPBSZGET")};
  if (ioctl(fd, BLKIOOPT, &optimal) != 0) return {{}, lastFailure("BLKIOOPT")};
  if (ioctl(fd, BLKROTATIONAL, &rotational) != 0) return {{}, lastFailure("BLKROTATIONAL")};
  return {{static_cast<int64_t>(size), static_cast<uint32_t>(logical), physical, optimal, rotational != 0},
          {}};
}

static Failure rangeControl(int fd, unsigned long request, const char* name, int64_t offset, int64_t length) {
  uint64_t range[2] = {static_cast<uint64_t>(offset), static_cast<uint64_t>(length)};
  while (ioctl(fd, request, range) != 0) {
    if (errno != EINTR) return lastFailure(name);
  }
  return {};
}

Failure blockZeroOut(int fd, int64_t offset, int64_t length) {
  return rangeControl(fd, BLKZEROOUT, "BLKZEROOUT", offset, length);
}

Failure blockDiscard(int fd, int64_t offset, int64_t length) {
  return rangeControl(fd, BLKDISCARD, "BLKDISCARD", offset, length);
}
