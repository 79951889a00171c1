#include <csignal>
#include <sys/prctl.h>

#include "parent_death.h"

const bool canExitWithParent = true;

static Failure setParentDeathSignal(unsigned long signal) {
  if (prctl(PR_SET_PDEATHSIG, signal, 0UL, 0UL, 0UL) == 0) return {};
  return lastFailure("prctl");
}

Failure armParentDeath(pid_t) { return setParentDeathSignal(SIGTERM); }

Failure disarmParentDeath() { return setParentDeathSignal(0); }
