#include "lock_memory.h"

Failure lockAllMemory() { return notSupported("mlockall"); }

Failure unlimitLockedMemory() { return notSupported("setrlimit"); }
