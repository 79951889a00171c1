#include <unistd.h>

#include "extents.h"

const bool canFindExtents = true;

// A file that the system cannot look into is data up to its end.
static Outcome<std::optional<int64_t>> seekInData(int fd, int64_t offset, int whence) {
  const off_t end = lseek(fd, 0, SEEK_END);
  if (end < 0) return {{}, lastFailure("lseek")};
  if (offset >= end) return {};
  return {whence == SEEK_DATA ? offset : end, {}};
}

// Moves the descriptor's position as well, which nothing here relies on.
static Outcome<std::optional<int64_t>> seek(int fd, int64_t offset, int whence) {
  const off_t found = lseek(fd, offset, whence);
  if (found >= 0) return {found, {}};
  if (errno == ENXIO) return {};
  // Offsets are never negative here, so it is the question that is not understood: FreeBSD's files in memory
  // and some file systems do not.
  if (errno == EINVAL) return seekInData(fd, offset, whence);
  return {{}, lastFailure("lseek")};
}

Outcome<std::optional<int64_t>> nextData(int fd, int64_t offset) { return seek(fd, offset, SEEK_DATA); }

Outcome<std::optional<int64_t>> nextHole(int fd, int64_t offset) { return seek(fd, offset, SEEK_HOLE); }
