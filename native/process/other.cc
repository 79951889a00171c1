// For systems without a file of their own: nothing is supported.

#include "parent_death.h"

const bool canExitWithParent = false;

Failure armParentDeath(pid_t) { return notSupported("exit-with-parent"); }

Failure disarmParentDeath() { return {}; }
