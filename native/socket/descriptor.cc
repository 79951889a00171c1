#include "descriptor.h"

#include <fcntl.h>
#include <poll.h>

#include "system.h"

Outcome<Pipe> createPipe() {
  int ends[2];
  if (newPipe(ends) < 0) return {{}, lastFailure("pipe")};
  return {{UniqueFd(ends[0]), UniqueFd(ends[1])}, {}};
}

Outcome<UniqueFd> duplicate(int fd) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return {{}, lastFailure("fcntl")};
  return {UniqueFd(copy)};
}

Outcome<bool> isHungUp(int fd) {
  pollfd asked{fd, 0, 0};
  if (poll(&asked, 1, 0) < 0) return {false, lastFailure("poll")};
  if ((asked.revents & POLLNVAL) != 0) return {false, {EBADF, "poll"}};
  return {(asked.revents & POLLHUP) != 0};
}
