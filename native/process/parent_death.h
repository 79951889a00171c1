#pragma once

#include <sys/types.h>

#include "../common/failure.h"

// Exit with parent: linux.cc, freebsd.cc, darwin.cc and other.cc implement it. Only linux.cc and freebsd.cc
// have armParentDeathOverExec(), because other systems have no launcher and no guardian.

extern const bool canExitWithParent;

// Arms the parent-death signal: this process gets SIGTERM when the process `parent` ends. A parent that ended
// before the call is not noticed here, so the caller must compare getppid() afterwards.
Failure armParentDeath(pid_t parent);

// The same for a process that executes another program next: the launcher, and the guardian's command. Signal
// handlers do not survive exec, so the armed signal must work without a handler. The addon replaces what the
// launcher has armed; the command keeps what the guardian has armed.
Failure armParentDeathOverExec(pid_t parent);

// Disarms the signal, including one that an earlier program of this process armed before exec.
Failure disarmParentDeath();
