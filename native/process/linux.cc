#include <csignal>
#include <cstdio>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parent_death.h"

// The kernel sends the parent-death signal when the *thread* that started this process ends, not when its
// process ends. So the addon arms SIGURG instead of SIGTERM, and the handler of SIGURG decides. When the
// thread ends and its process lives on, another thread of that process becomes the parent, getppid() stays
// the same, and the handler does nothing. The kernel sends the signal again at the end of the next thread.
// When the parent process has ended, getppid() has changed and the handler sends SIGTERM.

const bool canExitWithParent = true;

// SIGURG is ignored unless the process has a handler for it.
static constexpr int parentDeathSignal = SIGURG;

// 0 when the parent is in another PID namespace. A change of the parent is not visible then.
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
  // The folder has ".", ".." and one folder for each thread.
  return stat(path, &tasks) == 0 && tasks.st_nlink > 3;
}

Failure armParentDeathOverExec(pid_t parent) {
  // The end of one thread of a parent with several threads must not end this process. SIGURG has no effect
  // until the addon installs its handler, so the addon compares the parent when it arms the signal again.
  return setParentDeathSignal(hasOtherThreads(parent) ? parentDeathSignal : SIGTERM);
}

Failure disarmParentDeath() {
  if (const Failure failure = setParentDeathSignal(0)) return failure;
  return handle(SIG_DFL);
}
