#include <sys/types.h>

#include <csignal>
#include <sys/procctl.h>
#include <sys/wait.h>

#include "parent_death.h"

const bool canExitWithParent = true;

static Failure setParentDeathSignal(int signal) {
  // Process 0 means the calling process.
  if (procctl(P_PID, 0, PROC_PDEATHSIG_CTL, &signal) == 0) return {};
  return lastFailure("procctl");
}

Failure armParentDeath(pid_t) { return setParentDeathSignal(SIGTERM); }

Failure armParentDeathOverExec(pid_t parent) { return armParentDeath(parent); }

Failure disarmParentDeath() { return setParentDeathSignal(0); }
