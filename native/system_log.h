#pragma once

#include <string>

#include "failure.h"

// Writes an error to the system log (syslog(3)) as "nbdkit[PID]: MESSAGE". It does not fail: where no log
// daemon runs, there is nobody to tell.
Failure systemLog(const std::string& message);
