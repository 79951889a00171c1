#pragma once

#include <sys/types.h>

#include "../common/failure.h"

// Blocks all signals that can be blocked. The guardian shares the terminal and the process group with the
// server and the command, and must outlive both.
void blockSignals();

// True when a signal that ends a process is pending. Such a signal was sent to the whole process group or to
// all processes of a service. Signals of terminal keys (Ctrl-C) do not count: they are meant for the command.
bool wasAskedToEnd();

// Runs `/bin/sh -c script` in the same state as any other program: no signal is blocked or ignored, and all
// descriptors that are not close-on-exec are inherited. The kernel sends the command SIGTERM when this
// process dies.
Outcome<pid_t> startCommand(const char* script);

// Closes the standard streams and all descriptors below `limit`, and leaves the working directory. They
// belong to the command. If this process kept the descriptors open, their other ends would never see end of
// file.
void leaveToCommand(int limit);
