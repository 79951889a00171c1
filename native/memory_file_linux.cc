#include <sys/mman.h>

#include "memory_file.h"

const bool canCreateMemoryFile = true;

// Since Linux 6.3 a memory file can be marked as not executable. Older headers lack the name of the flag.
static constexpr unsigned noExecSeal = 0x8;

Outcome<UniqueFd> createMemoryFile(const std::string& name) {
  int fd = memfd_create(name.c_str(), MFD_CLOEXEC | noExecSeal);
  if (fd < 0 && errno == EINVAL) fd = memfd_create(name.c_str(), MFD_CLOEXEC);
  if (fd < 0) return {UniqueFd(), lastFailure("memfd_create")};
  return {UniqueFd(fd), {}};
}
