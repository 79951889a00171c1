#pragma once

#include "failure.h"

// Lets V8 run in a process whose memory is locked (mlockall(2)). V8 returns unused pages to the kernel with
// madvise(2). Linux refuses that in locked memory, and V8 then aborts the process at some garbage collection.
// Linux has another advice for locked memory (MADV_DONTNEED_LOCKED), but V8 has no option to use it. So this
// function replaces madvise in the import tables of this process.
Failure allowDiscards();
