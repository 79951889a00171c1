#include "prefetch.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "advise.h"
#include "file_io.h"

// Advice alone starts the reading but does not wait for it, and some systems ignore it; a read
// waits on all of them. What the read costs beside the disk is one copy.
Failure prefetch(int fd, int64_t offset, int64_t length) {
  if (length == 0) return {};
  advise(fd, offset, length, Advice::willNeed);

  // Small enough for the stack of a pool thread on every system.
  std::array<std::byte, 64 * 1024> scratch;
  for (int64_t done = 0; done < length;) {
    const int64_t size = std::min<int64_t>(scratch.size(), length - done);
    const auto [got, failure] = readAt(fd, std::span(scratch).first(size), offset + done);
    if (failure || got == 0) return failure;
    done += static_cast<int64_t>(got);
  }
  return {};
}
