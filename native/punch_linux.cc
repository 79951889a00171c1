#include <fcntl.h>
#include <linux/falloc.h>

#include "punch.h"

const bool canPunchHole = true;
const bool canZeroRange = true;

static Failure allocate(int fd, int mode, int64_t offset, int64_t length) {
  while (fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, offset, length) != 0) {
    // Old kernels return ENODEV for a block device.
    if (errno == ENODEV) return notSupported("fallocate");
    if (errno != EINTR) return lastFailure("fallocate");
  }
  return {};
}

Failure punchHole(int fd, int64_t offset, int64_t length) {
  return allocate(fd, FALLOC_FL_PUNCH_HOLE, offset, length);
}

Failure zeroRange(int fd, int64_t offset, int64_t length) {
  const Failure failure = allocate(fd, FALLOC_FL_ZERO_RANGE, offset, length);
  if (failure.number != ENOTSUP) return failure;
  // tmpfs needs two steps. Between them the range already reads as zeroes, but is a hole.
  if (const Failure notPunched = punchHole(fd, offset, length)) return notPunched;
  return allocate(fd, 0, offset, length);
}
