#include "memory_lock.h"

const bool canLockMemory = false;

MemoryLock::~MemoryLock() = default;

Outcome<MemoryLock> lockMemoryFile(int, int64_t) { return {{}, notSupported("mlock")}; }
