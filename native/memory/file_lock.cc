// What Linux, FreeBSD and macOS have in common.

#include <sys/mman.h>

#include "system.h"

const bool canLockMemory = true;

MemoryLock::~MemoryLock() {
  if (mapping_ != nullptr) munmap(mapping_, size_);
}

// Pages stay locked while a locked mapping contains them.
Outcome<MemoryLock> lockMemoryFile(int fd, int64_t size) {
  const auto length = static_cast<size_t>(size);
  void* const mapping = mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, 0);
  if (mapping == MAP_FAILED) return {{}, lastFailure("mmap")};
  MemoryLock lock(mapping, length);
  if (mlock(mapping, length) != 0) return {{}, lastFailure("mlock")};
  return {std::move(lock), {}};
}
