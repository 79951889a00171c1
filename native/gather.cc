#include "gather.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <uv.h>

static Outcome<size_t> arrived(int fd) {
  int bytes = 0;
  if (ioctl(fd, FIONREAD, &bytes) != 0) return {{}, lastFailure("ioctl")};
  return {static_cast<size_t>(bytes), {}};
}

Outcome<size_t> gather(int fd, size_t bytes, size_t quiet, size_t limit) {
  Outcome<size_t> there = arrived(fd);
  const uint64_t began = uv_hrtime();
  uint64_t latest = began;
  while (!there.failure && there.value < bytes) {
    sched_yield();
    const uint64_t now = uv_hrtime();
    if (now - latest >= quiet * 1000 || now - began >= limit * 1000) break;
    const size_t before = there.value;
    there = arrived(fd);
    if (there.value != before) latest = now;
  }
  return there;
}
