#include "system_log.h"

#include <syslog.h>

Failure systemLog(const std::string& message) {
  // Call openlog() each time, because only some systems look up the process id again by themselves.
  openlog("nbdkit", LOG_PID, LOG_DAEMON);
  syslog(LOG_ERR, "%s", message.c_str());
  return {};
}
