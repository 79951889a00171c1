#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "system.h"

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

// RWF_NOWAIT needs Linux 4.14. The headers of musl before 1.2.5 have neither it nor preadv2(2).
static constexpr long nowait = 0x8;

// EINVAL can come from an invalid offset, for which readAt() returns a better error.
static bool meansCannotTell(int number) {
  return number == EAGAIN || number == EOPNOTSUPP || number == ENOSYS || number == EINVAL;
}

Outcome<std::optional<size_t>> readNow(int fd, std::span<std::byte> into, int64_t offset) {
  const iovec piece{into.data(), into.size()};
  long got;
  do {
    // The kernel takes the offset as two halves. A 64-bit kernel uses only the first one.
    got = syscall(SYS_preadv2, fd, &piece, 1L, static_cast<long>(offset), static_cast<long>(offset >> 32),
                  nowait);
  } while (got < 0 && errno == EINTR);

  if (got > 0) return {static_cast<size_t>(got), {}};
  // Linux 5.9 and 5.10 may return 0 before the end of the file, so 0 does not mean end of file.
  if (got == 0 || meansCannotTell(errno)) return {};
  return {{}, lastFailure("preadv2")};
}
