#include <fcntl.h>
#include <unistd.h>

#include "system.h"

const bool canPunchHole = true;
const bool canZeroRange = false;

Failure punchHole(int fd, int64_t offset, int64_t length) {
  spacectl_range left{offset, length};
  // One call may process only a part of the range. It reports the rest.
  while (left.r_len > 0) {
    if (fspacectl(fd, SPACECTL_DEALLOC, &left, 0, &left) != 0 && errno != EINTR) {
      return lastFailure("fspacectl");
    }
  }
  return {};
}

Failure zeroRange(int, int64_t, int64_t) { return notSupported("fspacectl"); }

Outcome<std::optional<size_t>> readNow(int, std::span<std::byte>, int64_t) { return {}; }
