#include <sys/types.h>

#include <csignal>
#include <mutex>
#include <sys/event.h>
#include <thread>
#include <unistd.h>

#include "fd.h"
#include "parent_death.h"

const bool canExitWithParent = true;

namespace {

constexpr uintptr_t cancelEvent = 1;

std::mutex watcherMutex;
// The queue of the running watcher, or -1. The watcher's thread owns and closes it.
int watcherQueue = -1;

Failure change(int queue, uintptr_t id, int16_t filter, uint16_t flags, uint32_t notes) {
  struct kevent event;
  EV_SET(&event, id, filter, flags, notes, 0, nullptr);
  if (kevent(queue, &event, 1, nullptr, 0, nullptr) == 0) return {};
  return lastFailure("kevent");
}

// True for the parent's end, false when cancelled.
bool waitForParent(int queue) {
  struct kevent event;
  while (kevent(queue, nullptr, 0, &event, 1, nullptr) != 1) {
    if (errno != EINTR) return false;
  }
  return event.filter == EVFILT_PROC;
}

// A thread of its own, because JavaScript may be busy when the parent ends.
void watch(UniqueFd queue) {
  const bool parentEnded = waitForParent(queue.get());
  {
    const std::lock_guard lock(watcherMutex);
    if (watcherQueue == queue.get()) watcherQueue = -1;
  }
  if (parentEnded) kill(getpid(), SIGTERM);
}

Failure watchProcess(int queue, pid_t parent) {
  const Failure failure =
      change(queue, static_cast<uintptr_t>(parent), EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT);
  if (failure.number != ESRCH) return failure;
  // It ended before us, and may not have left us to another parent yet: getppid() would not show it.
  kill(getpid(), SIGTERM);
  return {};
}

}  // namespace

Failure armParentDeath(pid_t parent) {
  const std::lock_guard lock(watcherMutex);
  if (watcherQueue >= 0) return {};
  // The queue is not inherited by children, so it needs no close-on-exec for fork.
  UniqueFd queue(kqueue());
  if (!queue) return lastFailure("kqueue");
  if (const Failure failure = change(queue.get(), cancelEvent, EVFILT_USER, EV_ADD | EV_ONESHOT, 0)) {
    return failure;
  }
  if (const Failure failure = watchProcess(queue.get(), parent)) return failure;
  watcherQueue = queue.get();
  std::thread(watch, std::move(queue)).detach();
  return {};
}

Failure disarmParentDeath() {
  const std::lock_guard lock(watcherMutex);
  if (watcherQueue < 0) return {};
  const Failure failure = change(watcherQueue, cancelEvent, EVFILT_USER, 0, NOTE_TRIGGER);
  watcherQueue = -1;
  return failure;
}
