#include "io.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "system.h"

// macOS refuses to transfer more than 2^31-1 bytes in one call. Linux transfers slightly less than that.
static constexpr uint64_t callBytesMax = 1 << 30;

static constexpr uint64_t offsetMax = std::numeric_limits<int64_t>::max();

// The number of bytes to request at `position`. The kernel refuses a read that would pass the largest offset.
static size_t readSize(size_t wanted, uint64_t position) {
  return std::min<uint64_t>({wanted, callBytesMax, offsetMax - position});
}

Outcome<size_t> readAt(int fd, std::span<std::byte> into, int64_t offset) {
  size_t done = 0;
  while (done < into.size()) {
    const uint64_t position = static_cast<uint64_t>(offset) + done;
    const size_t size = readSize(into.size() - done, position);
    const ssize_t got = pread(fd, into.data() + done, size, static_cast<off_t>(position));
    if (got == 0) break;
    if (got > 0) done += static_cast<size_t>(got);
    else if (errno != EINTR) return {done, lastFailure("pread")};
  }
  return {done, {}};
}

Failure writeAt(int fd, std::span<const std::byte> from, int64_t offset) {
  size_t done = 0;
  while (done < from.size()) {
    const uint64_t position = static_cast<uint64_t>(offset) + done;
    const size_t size = std::min<uint64_t>(from.size() - done, callBytesMax);
    const ssize_t put = pwrite(fd, from.data() + done, size, static_cast<off_t>(position));
    if (put >= 0) done += static_cast<size_t>(put);
    else if (errno != EINTR) return lastFailure("pwrite");
  }
  return {};
}

Failure setSize(int fd, int64_t size) {
  while (ftruncate(fd, size) != 0) {
    if (errno != EINTR) return lastFailure("ftruncate");
  }
  return {};
}

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

Outcome<UniqueFd> createTemporaryFile(std::string prefix) {
  std::string path = prefix + "XXXXXX";
  UniqueFd fd(mkostemp(path.data(), O_CLOEXEC));
  if (!fd) return {UniqueFd(), lastFailure("mkostemp")};
  if (unlink(path.c_str()) != 0) return {UniqueFd(), lastFailure("unlink")};
  return {std::move(fd), {}};
}
