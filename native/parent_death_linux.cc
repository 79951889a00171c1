#include <csignal>
#include <cstdio>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parent_death.h"

// The kernel's signal follows the thread that started us, not its process. So it is another one than SIGTERM,
// and what it means is decided here: when the thread ends, this process gets another thread for its parent,
// in the same process if that lives, and the kernel sends the signal again at the end of that one.

const bool canExitWithParent = true;

// Without a handler it does nothing.
static constexpr int parentDeathSignal = SIGURG;

// 0 where the parent is in another namespace of processes: then a change does not show.
static volatile pid_t parentAtStart;

static void onParentDeath(int) {
  if (parentAtStart != 0 && getppid() == parentAtStart) return;
  kill(getpid(), SIGTERM);
}

static Failure handle(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  return sigaction(parentDeathSignal, &action, nullptr) == 0 ? Failure{} : lastFailure("sigaction");
}

static Failure setParentDeathSignal(unsigned long signal) {
  if (prctl(PR_SET_PDEATHSIG, signal, 0UL, 0UL, 0UL) == 0) return {};
  return lastFailure("prctl");
}

Failure armParentDeath(pid_t parent) {
  parentAtStart = parent;
  if (const Failure failure = handle(onParentDeath)) return failure;
  return setParentDeathSignal(parentDeathSignal);
}

static bool hasOtherThreads(pid_t process) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%ld/task", static_cast<long>(process));
  struct stat tasks;
  // Beside one folder for each thread, "." and "..".
  return stat(path, &tasks) == 0 && tasks.st_nlink > 3;
}

Failure armParentDeathOverExec(pid_t parent) {
  // Of a parent with several threads, the end of one must not end us. While Node starts, its own end is not
  // heard then, and found out when the addon arms this anew.
  return setParentDeathSignal(hasOtherThreads(parent) ? parentDeathSignal : SIGTERM);
}

Failure disarmParentDeath() {
  if (const Failure failure = setParentDeathSignal(0)) return failure;
  return handle(SIG_DFL);
}
