#include <sys/uio.h>

#include "read_now.h"

// EINVAL comes from offsets that readAt() can explain better.
static bool meansCannotTell(int number) {
  return number == EAGAIN || number == EOPNOTSUPP || number == ENOSYS || number == EINVAL;
}

Outcome<std::optional<size_t>> readNow(int fd, std::span<std::byte> into, int64_t offset) {
  const iovec piece{into.data(), into.size()};
  ssize_t got;
  do {
    got = preadv2(fd, &piece, 1, offset, RWF_NOWAIT);
  } while (got < 0 && errno == EINTR);

  if (got > 0) return {static_cast<size_t>(got), {}};
  // Linux 5.9 and 5.10 may answer 0 before the end of the file, so 0 tells nothing.
  if (got == 0 || meansCannotTell(errno)) return {};
  return {{}, lastFailure("preadv2")};
}
