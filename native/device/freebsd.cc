#include <sys/types.h>

#include <sys/disk.h>
#include <sys/ioctl.h>

#include "block_device.h"

const bool canControlBlockDevice = false;

Outcome<BlockDevice> blockDevice(int fd) {
  off_t size = 0;
  u_int sector = 0;
  off_t stripe = 0;
  if (ioctl(fd, DIOCGMEDIASIZE, &size) != 0) return {{}, lastFailure("DIOCGMEDIASIZE")};
  if (ioctl(fd, DIOCGSECTORSIZE, &sector) != 0) return {{}, lastFailure("DIOCGSECTORSIZE")};
  if (ioctl(fd, DIOCGSTRIPESIZE, &stripe) != 0) stripe = 0;
  // GEOM reports the physical block size of a disk that emulates 512-byte sectors as its stripe size.
  const uint32_t physical = stripe > 0 ? static_cast<uint32_t>(stripe) : sector;
  return {{size, sector, physical, 0, false}, {}};
}

Failure blockZeroOut(int, int64_t, int64_t) { return notSupported("ioctl"); }

Failure blockDiscard(int fd, int64_t offset, int64_t length) {
  off_t range[2] = {offset, length};
  if (ioctl(fd, DIOCGDELETE, range) == 0) return {};
  return lastFailure("DIOCGDELETE");
}
