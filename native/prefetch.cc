#include "prefetch.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "advise.h"
#include "file_io.h"

// Read the range instead of using posix_fadvise: the advice does not wait for the data, and some systems
// ignore it. The only additional cost of reading is one copy.
Failure prefetch(int fd, int64_t offset, int64_t length) {
  if (length == 0) return {};
  advise(fd, offset, length, Advice::willNeed);

  // Small enough for the stack of a thread-pool thread on every system.
  std::array<std::byte, 64 * 1024> scratch;
  for (int64_t done = 0; done < length;) {
    const int64_t size = std::min<int64_t>(scratch.size(), length - done);
    const auto [got, failure] = readAt(fd, std::span(scratch).first(size), offset + done);
    if (failure || got == 0) return failure;
    done += static_cast<int64_t>(got);
  }
  return {};
}
