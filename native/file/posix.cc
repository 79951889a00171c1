// What Linux and FreeBSD have in common.

#include <fcntl.h>

#include "system.h"

const bool canAdvise = true;

static int adviceNumber(Advice advice) {
  switch (advice) {
    case Advice::random:
      return POSIX_FADV_RANDOM;
    case Advice::sequential:
      return POSIX_FADV_SEQUENTIAL;
    case Advice::dontNeed:
      return POSIX_FADV_DONTNEED;
    case Advice::willNeed:
      return POSIX_FADV_WILLNEED;
    default:
      return POSIX_FADV_NORMAL;
  }
}

Failure advise(int fd, int64_t offset, int64_t length, Advice advice) {
  // posix_fadvise returns its error and does not set errno.
  return failureOf("posix_fadvise", posix_fadvise(fd, offset, length, adviceNumber(advice)));
}
