#include "lock_memory.h"

Failure lockMemory() { return notSupported("mlockall"); }

Failure unlimitLockedMemory() { return notSupported("setrlimit"); }
