// What Linux and FreeBSD have in common.

#include <sys/types.h>

#include <sys/mman.h>
#include <sys/resource.h>

#include "system.h"

Failure lockAllMemory() {
  if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) return lastFailure("mlockall");
  return allowDiscards();
}

Failure unlimitLockedMemory() {
  rlimit limit;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY) return {};
  limit = {RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0) return {};
  return lastFailure("setrlimit");
}
