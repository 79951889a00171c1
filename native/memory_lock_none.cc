#include "memory_lock.h"

const bool canLockMemory = false;

Outcome<std::optional<int64_t>> lockMemory(int, int64_t) { return {{}, notSupported("mlock")}; }

Failure unlockMemory(int64_t, int64_t) { return notSupported("munmap"); }
