#include "hang_up.h"

#include <poll.h>

Outcome<bool> isHungUp(int fd) {
  pollfd asked{fd, 0, 0};
  if (poll(&asked, 1, 0) < 0) return {false, lastFailure("poll")};
  if ((asked.revents & POLLNVAL) != 0) return {false, {EBADF, "poll"}};
  return {(asked.revents & POLLHUP) != 0};
}
