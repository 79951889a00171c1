#pragma once

// Implements the used part of macOS's kqueue(2) with epoll(7): the end of a process is a pidfd, a user event
// is an eventfd. Every filter is EV_ONESHOT, and callers take one event at a time.
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <mutex>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

constexpr int16_t EVFILT_PROC = -5;
constexpr int16_t EVFILT_USER = -10;
constexpr uint16_t EV_ADD = 0x1;
constexpr uint16_t EV_ONESHOT = 0x10;
constexpr uint32_t NOTE_EXIT = 0x80000000;
constexpr uint32_t NOTE_TRIGGER = 0x01000000;

struct kevent {
  uintptr_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  intptr_t data;
  void* udata;
};

inline void EV_SET(struct kevent* event, uintptr_t ident, int16_t filter, uint16_t flags, uint32_t fflags,
                   intptr_t data, void* udata) {
  *event = {ident, filter, flags, fflags, data, udata};
}

namespace shim {

// The eventfd of a user event.
struct UserEvent {
  int queue;
  uintptr_t ident;
  int fd;
};

inline std::mutex mutex;
inline std::vector<UserEvent> userEvents;

inline int fail(int number) {
  errno = number;
  return -1;
}

inline int descriptorFor(int queue, const struct kevent& event) {
  if (event.filter == EVFILT_PROC) {
    if (event.fflags != NOTE_EXIT) return fail(EINVAL);
    return static_cast<int>(syscall(SYS_pidfd_open, event.ident, 0));
  }
  if (event.filter != EVFILT_USER) return fail(EINVAL);
  const int fd = eventfd(0, EFD_CLOEXEC);
  const std::lock_guard lock(mutex);
  userEvents.push_back({queue, event.ident, fd});
  return fd;
}

inline int trigger(int queue, uintptr_t ident) {
  const std::lock_guard lock(mutex);
  // A closed queue may have had the same number, so the last entry is the valid one.
  for (size_t i = userEvents.size(); i-- > 0;) {
    if (userEvents[i].queue == queue && userEvents[i].ident == ident) return eventfd_write(userEvents[i].fd, 1);
  }
  return fail(ENOENT);
}

inline int change(int queue, const struct kevent& event) {
  if (event.filter == EVFILT_USER && event.fflags == NOTE_TRIGGER) return trigger(queue, event.ident);
  if (event.flags != (EV_ADD | EV_ONESHOT)) return fail(EINVAL);
  const int fd = descriptorFor(queue, event);
  if (fd < 0) return -1;
  epoll_event wanted{EPOLLIN | EPOLLONESHOT, {}};
  wanted.data.u64 = static_cast<uint64_t>(static_cast<int64_t>(event.filter));
  return epoll_ctl(queue, EPOLL_CTL_ADD, fd, &wanted);
}

}  // namespace shim

inline int kqueue() { return epoll_create1(EPOLL_CLOEXEC); }

inline int kevent(int queue, const struct kevent* changes, int changeCount, struct kevent* events, int eventCount,
                  const timespec* timeout) {
  if (changeCount == 1) return shim::change(queue, *changes);
  if (eventCount != 1 || timeout != nullptr) return shim::fail(EINVAL);
  epoll_event found;
  const int count = epoll_wait(queue, &found, 1, -1);
  if (count == 1) *events = {0, static_cast<int16_t>(static_cast<int64_t>(found.data.u64)), 0, 0, 0, nullptr};
  return count;
}
