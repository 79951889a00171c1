#include <fcntl.h>
#include <unistd.h>

#include "punch.h"

const bool canPunchHole = true;
const bool canZeroRange = false;

Failure punchHole(int fd, int64_t offset, int64_t length) {
  spacectl_range left{offset, length};
  // A call may do a part and tells what is left.
  while (left.r_len > 0) {
    if (fspacectl(fd, SPACECTL_DEALLOC, &left, 0, &left) != 0 && errno != EINTR) {
      return lastFailure("fspacectl");
    }
  }
  return {};
}

Failure zeroRange(int, int64_t, int64_t) { return notSupported("fspacectl"); }
