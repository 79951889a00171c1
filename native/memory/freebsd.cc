#include <sys/mman.h>

#include "system.h"

const bool canCreateMemoryFile = true;

Outcome<UniqueFd> createMemoryFile(const std::string& name) {
  const int fd = memfd_create(name.c_str(), MFD_CLOEXEC);
  if (fd < 0) return {UniqueFd(), lastFailure("memfd_create")};
  return {UniqueFd(fd), {}};
}

// Only Linux refuses madvise(2) in locked memory.
Failure allowDiscards() { return {}; }
