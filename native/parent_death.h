#pragma once

#include <sys/types.h>

#include "failure.h"

extern const bool canExitWithParent;

// From now on this process gets SIGTERM when the process `parent` ends. A parent that ended before the call
// is not noticed here: the caller compares getppid() afterwards.
Failure armParentDeath(pid_t parent);

// The same for the launcher, whose handlers end with it: what it arms has to work over exec, until the addon
// arms it anew.
Failure armParentDeathOverExec(pid_t parent);

// Takes it back, also what an earlier program of this process armed and left to us over exec.
Failure disarmParentDeath();
