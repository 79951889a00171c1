#pragma once

#include <cstdint>

#include "failure.h"

extern const bool canPunchHole;
extern const bool canZeroRange;

// Deallocates the range. The range reads as zeroes afterwards, and the file keeps its size.
Failure punchHole(int fd, int64_t offset, int64_t length);

// Makes the range read as zeroes and keeps it allocated. The file keeps its size.
Failure zeroRange(int fd, int64_t offset, int64_t length);
