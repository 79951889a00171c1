// macOS has no parent-death signal. So a thread waits in a kqueue for the end of the parent, or for a user
// event that cancels the wait. The thread closes the kqueue. Other threads use it only under the mutex and
// while `watcherQueue` names it, so the event never goes to a descriptor that has been closed.

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <pthread.h>
#include <sys/event.h>
#include <unistd.h>

#include "../common/fd.h"
#include "parent_death.h"

const bool canExitWithParent = true;

namespace {

constexpr uintptr_t cancelEvent = 1;

pthread_mutex_t watcherMutex = PTHREAD_MUTEX_INITIALIZER;
// The kqueue of the running watcher, or -1. The watcher's thread owns and closes it.
int watcherQueue = -1;

// A pthread mutex, because std::mutex needs the C++ library.
class Lock {
 public:
  Lock() { pthread_mutex_lock(&watcherMutex); }
  ~Lock() { pthread_mutex_unlock(&watcherMutex); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
};

Failure change(int queue, uintptr_t id, int16_t filter, uint16_t flags, uint32_t notes) {
  struct kevent event;
  EV_SET(&event, id, filter, flags, notes, 0, nullptr);
  if (kevent(queue, &event, 1, nullptr, 0, nullptr) == 0) return {};
  return lastFailure("kevent");
}

// Returns true when the parent has ended, false when the wait was cancelled.
bool waitForParent(int queue) {
  struct kevent event;
  while (kevent(queue, nullptr, 0, &event, 1, nullptr) != 1) {
    if (errno != EINTR) return false;
  }
  return event.filter == EVFILT_PROC;
}

// Runs in its own thread, because JavaScript may be busy when the parent ends.
void* watch(void* argument) {
  const UniqueFd queue(static_cast<int>(reinterpret_cast<intptr_t>(argument)));
  const bool parentEnded = waitForParent(queue.get());
  {
    const Lock lock;
    if (watcherQueue == queue.get()) watcherQueue = -1;
  }
  if (parentEnded) kill(getpid(), SIGTERM);
  return nullptr;
}

Failure startWatcher(UniqueFd queue) {
  pthread_t thread;
  void* argument = reinterpret_cast<void*>(static_cast<intptr_t>(queue.get()));
  const int number = pthread_create(&thread, nullptr, watch, argument);
  if (number != 0) return failureOf("pthread_create", number);
  pthread_detach(thread);
  watcherQueue = queue.release();
  return {};
}

Failure watchProcess(int queue, pid_t parent) {
  const Failure failure =
      change(queue, static_cast<uintptr_t>(parent), EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT);
  if (failure.number != ESRCH) return failure;
  // The parent ended before the watch began. Do not rely on getppid() here: it may still return the old
  // parent.
  kill(getpid(), SIGTERM);
  return {};
}

}  // namespace

Failure armParentDeath(pid_t parent) {
  const Lock lock;
  if (watcherQueue >= 0) return {};
  // Children do not inherit a kqueue, so it needs no close-on-exec flag.
  UniqueFd queue(kqueue());
  if (!queue) return lastFailure("kqueue");
  if (const Failure failure = change(queue.get(), cancelEvent, EVFILT_USER, EV_ADD | EV_ONESHOT, 0)) {
    return failure;
  }
  if (const Failure failure = watchProcess(queue.get(), parent)) return failure;
  return startWatcher(std::move(queue));
}

Failure disarmParentDeath() {
  const Lock lock;
  if (watcherQueue < 0) return {};
  const Failure failure = change(watcherQueue, cancelEvent, EVFILT_USER, 0, NOTE_TRIGGER);
  watcherQueue = -1;
  return failure;
}
