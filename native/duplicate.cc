#include "duplicate.h"

#include <fcntl.h>

Outcome<UniqueFd> duplicate(int fd) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return {{}, lastFailure("fcntl")};
  return {UniqueFd(copy)};
}
