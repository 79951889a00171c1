#pragma once

#include <sys/types.h>

#include "../common/failure.h"

// Exit with parent: linux.cc, freebsd.cc, darwin.cc and other.cc implement it.

extern const bool canExitWithParent;

// Arms the parent-death signal: this process gets SIGTERM when the process `parent` ends. A parent that ended
// before the call is not noticed here, so the caller must compare getppid() afterwards.
Failure armParentDeath(pid_t parent);

// The same for the launcher. Signal handlers do not survive exec, so what it arms must work without a handler
// until the addon arms it again.
Failure armParentDeathOverExec(pid_t parent);

// Disarms the signal, including one that an earlier program of this process armed before exec.
Failure disarmParentDeath();
