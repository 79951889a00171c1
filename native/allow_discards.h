#pragma once

#include "failure.h"

// V8 gives unused pages back with madvise(2), which Linux refuses in locked memory, and V8 takes that for
// the end of the world: the process aborts at some garbage collection. From here on the calls of this process
// work in locked memory too. Linux has another advice for it (MADV_DONTNEED_LOCKED), but V8 cannot be told.
Failure allowDiscards();
