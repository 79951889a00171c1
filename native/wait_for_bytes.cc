#include "wait_for_bytes.h"

#include <sys/ioctl.h>
#include <uv.h>

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
