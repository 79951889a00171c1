#include <unistd.h>

#include "extents.h"

const bool canFindExtents = true;

// Moves the descriptor's position as well, which nothing here relies on.
static Outcome<std::optional<int64_t>> seek(int fd, int64_t offset, int whence) {
  const off_t found = lseek(fd, offset, whence);
  if (found >= 0) return {found, {}};
  if (errno == ENXIO) return {};
  // Offsets are never negative here, so it is the question that this file or file system does not know.
  if (errno == EINVAL) return {{}, notSupported("lseek")};
  return {{}, lastFailure("lseek")};
}

Outcome<std::optional<int64_t>> nextData(int fd, int64_t offset) { return seek(fd, offset, SEEK_DATA); }

Outcome<std::optional<int64_t>> nextHole(int fd, int64_t offset) { return seek(fd, offset, SEEK_HOLE); }
