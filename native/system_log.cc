#include "system_log.h"

#include <syslog.h>

Failure systemLog(const std::string& message) {
  // Each time, because the process id that goes with it is looked up anew only here and there.
  openlog("nbdkit", LOG_PID, LOG_DAEMON);
  syslog(LOG_ERR, "%s", message.c_str());
  return {};
}
