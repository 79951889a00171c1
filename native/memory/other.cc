// For systems without a file of their own: nothing is supported.

#include "system.h"

const bool canCreateMemoryFile = false;

Outcome<UniqueFd> createMemoryFile(const std::string&) { return {UniqueFd(), notSupported("memfd_create")}; }

const bool canLockMemory = false;

MemoryLock::~MemoryLock() = default;

Outcome<MemoryLock> lockMemoryFile(int, int64_t) { return {{}, notSupported("mlock")}; }

Failure lockAllMemory() { return notSupported("mlockall"); }

Failure unlimitLockedMemory() { return notSupported("setrlimit"); }
