#include <sys/types.h>

#include <sys/ioccom.h>
#include <sys/ioctl.h>

#include "block_device.h"

const bool canControlBlockDevice = false;

namespace {

// DKIOCGETBLOCKSIZE and related requests of sys/disk.h. That header comes with Xcode but not with other
// compilers for macOS. The numbers are part of the system's binary interface.
struct Extent {
  uint64_t offset;
  uint64_t length;
};

struct Unmap {
  const Extent* extents;
  uint32_t count;
  uint32_t options;
};

constexpr unsigned long getBlockSize = _IOR('d', 24, uint32_t);
constexpr unsigned long getBlockCount = _IOR('d', 25, uint64_t);
constexpr unsigned long unmap = _IOW('d', 31, Unmap);
constexpr unsigned long getPhysicalBlockSize = _IOR('d', 77, uint32_t);

}  // namespace

Outcome<BlockDevice> blockDevice(int fd) {
  uint64_t blocks = 0;
  uint32_t logical = 0;
  uint32_t physical = 0;
  if (ioctl(fd, getBlockCount, &blocks) != 0) return {{}, lastFailure("DKIOCGETBLOCKCOUNT")};
  if (ioctl(fd, getBlockSize, &logical) != 0) return {{}, lastFailure("DKIOCGETBLOCKSIZE")};
  if (ioctl(fd, getPhysicalBlockSize, &physical) != 0) physical = logical;
  return {{static_cast<int64_t>(blocks * logical), logical, physical, 0, false}, {}};
}

Failure blockZeroOut(int, int64_t, int64_t) { return notSupported("ioctl"); }

Failure blockDiscard(int fd, int64_t offset, int64_t length) {
  const Extent extent{static_cast<uint64_t>(offset), static_cast<uint64_t>(length)};
  Unmap range{&extent, 1, 0};
  if (ioctl(fd, unmap, &range) == 0) return {};
  return lastFailure("DKIOCUNMAP");
}
