#pragma once

#include <sys/types.h>

#include "failure.h"

// From now on no signal reaches this process, except those that cannot be kept away. It shares the terminal
// and the process group with the server and its command, and must outlive both.
void blockSignals();

// Whether this process was meant to end by a signal that reached its process group or all of a service. Not
// by a key: Ctrl-C on the terminal is the command's own business.
bool wasAskedToEnd();

// Runs `/bin/sh -c script` as it would run under any other program: no signal is blocked or ignored, and all
// descriptors are passed on that are not close-on-exec. It gets SIGTERM when this process dies.
Outcome<pid_t> startCommand(const char* script);

// Gives up what belongs to the command: standard streams and descriptors below `limit`, whose other ends
// would otherwise never see their end, and the working directory.
void leaveToCommand(int limit);
