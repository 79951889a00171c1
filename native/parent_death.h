#pragma once

#include <sys/types.h>

#include "failure.h"

extern const bool canExitWithParent;

// From now on this process gets SIGTERM when `parent` ends. A parent that ended before the call
// is not noticed here: the caller compares getppid() afterwards. What the launcher arms stays armed over exec,
// but on Linux nothing is heard of it until the addon has called this too.
Failure armParentDeath(pid_t parent);

// Takes it back, also what an earlier program of this process armed and left to us over exec.
Failure disarmParentDeath();
