#pragma once

#include <cstdint>

#include "failure.h"

extern const bool canAdvise;

enum class Advice { normal, random, sequential, dontNeed, willNeed };

// A length of 0 means "to the end of the file". On systems without posix_fadvise(2) the call succeeds and
// does nothing.
Failure advise(int fd, int64_t offset, int64_t length, Advice advice);
