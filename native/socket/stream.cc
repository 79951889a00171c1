#include "stream.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <uv.h>

#include <algorithm>
#include <climits>

// Every system accepts at least this many pieces in one call (POSIX: _XOPEN_IOV_MAX).
static constexpr size_t piecesMax = 16;

static Outcome<std::optional<size_t>> outcomeOf(ssize_t result, const char* call) {
  if (result >= 0) return {static_cast<size_t>(result), {}};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
  return {{}, lastFailure(call)};
}

static bool isPart(size_t size, size_t start, size_t end) { return start <= end && end <= size; }

static iovec toIovec(std::span<std::byte> bytes) { return {bytes.data(), bytes.size()}; }

Outcome<std::optional<size_t>> receive(int fd, std::span<std::byte> buffer, size_t start, size_t end) {
  if (!isPart(buffer.size(), start, end)) return {{}, {ERANGE, "recv"}};
  ssize_t got;
  do {
    got = recv(fd, buffer.data() + start, end - start, 0);
  } while (got < 0 && errno == EINTR);
  return outcomeOf(got, "recv");
}

Outcome<std::optional<size_t>> receiveInto(int fd, std::span<std::byte> first, size_t start, size_t end,
                                           std::span<std::byte> second) {
  if (!isPart(first.size(), start, end)) return {{}, {ERANGE, "readv"}};
  const iovec parts[] = {toIovec(first.subspan(start, end - start)), toIovec(second)};
  ssize_t got;
  do {
    got = readv(fd, parts, 2);
  } while (got < 0 && errno == EINTR);
  return outcomeOf(got, "readv");
}

// SIGPIPE needs no flag: Node.js ignores it, so a closed connection is reported as an error.
Outcome<std::optional<size_t>> sendPart(int fd, std::span<const std::byte> buffer, size_t start, size_t end) {
  if (!isPart(buffer.size(), start, end)) return {{}, {ERANGE, "send"}};
  ssize_t put;
  do {
    put = send(fd, buffer.data() + start, end - start, 0);
  } while (put < 0 && errno == EINTR);
  return outcomeOf(put, "send");
}

Outcome<std::optional<size_t>> sendPieces(int fd, std::vector<std::span<const std::byte>> pieces) {
  iovec parts[piecesMax];
  const size_t count = std::min(pieces.size(), piecesMax);
  for (size_t i = 0; i < count; i++) {
    parts[i] = {const_cast<std::byte*>(pieces[i].data()), pieces[i].size()};
  }
  ssize_t put;
  do {
    put = writev(fd, parts, static_cast<int>(count));
  } while (put < 0 && errno == EINTR);
  return outcomeOf(put, "writev");
}

Failure shutDown(int fd) {
  if (shutdown(fd, SHUT_RDWR) == 0 || errno == ENOTCONN) return {};
  return lastFailure("shutdown");
}

static Outcome<size_t> arrived(int fd) {
  int bytes = 0;
  if (ioctl(fd, FIONREAD, &bytes) != 0) return {{}, lastFailure("ioctl")};
  return {static_cast<size_t>(bytes), {}};
}

// Tells the processor that this loop busy-waits. sched_yield() would give the processor to other processes,
// but on a busy machine it returns only after milliseconds.
static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

Outcome<size_t> waitForBytes(int fd, size_t bytes, size_t quiet, size_t limit) {
  Outcome<size_t> there = arrived(fd);
  const uint64_t began = uv_hrtime();
  uint64_t latest = began;
  while (!there.failure && there.value < bytes) {
    relax();
    const uint64_t now = uv_hrtime();
    if (now - latest >= quiet * 1000 || now - began >= limit * 1000) break;
    const size_t before = there.value;
    there = arrived(fd);
    if (there.value != before) latest = now;
  }
  return there;
}
