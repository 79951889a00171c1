#include <sys/mman.h>

#include "memory_lock.h"

const bool canLockMemory = true;

// Pages are locked as long as a locked mapping shows them.
Outcome<std::optional<int64_t>> lockMemoryFile(int fd, int64_t size) {
  void* const mapping = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (mapping == MAP_FAILED) return {{}, lastFailure("mmap")};
  if (mlock(mapping, size) == 0) return {reinterpret_cast<intptr_t>(mapping), {}};
  const Failure failure = lastFailure("mlock");
  munmap(mapping, size);
  return {{}, failure};
}

Failure unlockMemoryFile(int64_t lock, int64_t size) {
  if (munmap(reinterpret_cast<void*>(lock), size) == 0) return {};
  return lastFailure("munmap");
}
