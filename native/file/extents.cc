// What Linux, FreeBSD and macOS have in common.

#include <unistd.h>

#include "system.h"

const bool canFindExtents = true;

// When the system cannot report holes in a file, the whole file counts as data.
static Outcome<std::optional<int64_t>> seekInData(int fd, int64_t offset, int whence) {
  const off_t end = lseek(fd, 0, SEEK_END);
  if (end < 0) return {{}, lastFailure("lseek")};
  if (offset >= end) return {};
  return {whence == SEEK_DATA ? offset : end, {}};
}

// lseek(2) also moves the descriptor's position. No code here relies on the position.
static Outcome<std::optional<int64_t>> seek(int fd, int64_t offset, int whence) {
  const off_t found = lseek(fd, offset, whence);
  if (found >= 0) return {found, {}};
  if (errno == ENXIO) return {};
  // Offsets are never negative here, so EINVAL means that `whence` is not supported: FreeBSD's memory files
  // and some file systems do not support it.
  if (errno == EINVAL) return seekInData(fd, offset, whence);
  return {{}, lastFailure("lseek")};
}

Outcome<std::optional<int64_t>> nextData(int fd, int64_t offset) { return seek(fd, offset, SEEK_DATA); }

Outcome<std::optional<int64_t>> nextHole(int fd, int64_t offset) { return seek(fd, offset, SEEK_HOLE); }
