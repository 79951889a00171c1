#include <fcntl.h>

#include "system.h"

const bool canPunchHole = true;
const bool canZeroRange = false;

Failure punchHole(int fd, int64_t offset, int64_t length) {
  fpunchhole_t hole{};
  hole.fp_offset = offset;
  hole.fp_length = length;
  if (fcntl(fd, F_PUNCHHOLE, &hole) == 0) return {};
  // Only whole file system blocks can be punched. For other ranges the caller writes zeroes.
  return errno == EINVAL ? notSupported("fcntl") : lastFailure("fcntl");
}

Failure zeroRange(int, int64_t, int64_t) { return notSupported("fcntl"); }

const bool canAdvise = false;

Failure advise(int, int64_t, int64_t, Advice) { return {}; }

Outcome<std::optional<size_t>> readNow(int, std::span<std::byte>, int64_t) { return {}; }
