#include "memory_lock.h"

const bool canLockMemory = false;

Outcome<std::optional<int64_t>> lockMemoryFile(int, int64_t) { return {{}, notSupported("mlock")}; }

Failure unlockMemoryFile(int64_t, int64_t) { return notSupported("munmap"); }
