#include "system.h"

const bool canCreateMemoryFile = false;

Outcome<UniqueFd> createMemoryFile(const std::string&) { return {UniqueFd(), notSupported("memfd_create")}; }

Failure lockAllMemory() { return notSupported("mlockall"); }

Failure unlimitLockedMemory() { return notSupported("setrlimit"); }
