#include <sys/types.h>

#include <sys/disk.h>
#include <sys/ioctl.h>

#include "block_device.h"

const bool canControlBlockDevice = false;

Outcome<BlockDevice> blockDevice(int fd) {
  uint64_t blocks = 0;
  uint32_t logical = 0;
  uint32_t physical = 0;
  if (ioctl(fd, DKIOCGETBLOCKCOUNT, &blocks) != 0) return {{}, lastFailure("DKIOCGETBLOCKCOUNT")};
  if (ioctl(fd, DKIOCGETBLOCKSIZE, &logical) != 0) return {{}, lastFailure("DKIOCGETBLOCKSIZE")};
  if (ioctl(fd, DKIOCGETPHYSICALBLOCKSIZE, &physical) != 0) physical = logical;
  return {{static_cast<int64_t>(blocks * logical), logical, physical, 0, false}, {}};
}

Failure blockZeroOut(int, int64_t, int64_t) { return notSupported("ioctl"); }

Failure blockDiscard(int fd, int64_t offset, int64_t length) {
  dk_extent_t extent{static_cast<uint64_t>(offset), static_cast<uint64_t>(length)};
  dk_unmap_t unmap{};
  unmap.extents = &extent;
  unmap.extentsCount = 1;
  if (ioctl(fd, DKIOCUNMAP, &unmap) == 0) return {};
  return lastFailure("DKIOCUNMAP");
}
