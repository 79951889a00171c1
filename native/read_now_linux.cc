#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "read_now.h"

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
