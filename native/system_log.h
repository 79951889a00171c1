#pragma once

#include <string>

#include "failure.h"

// Writes an error to the system log (syslog(3)) as "nbdkit[PID]: MESSAGE". Never fails: without a log daemon
// the message is lost.
Failure systemLog(const std::string& message);
