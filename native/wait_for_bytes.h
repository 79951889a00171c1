#pragma once

#include <cstddef>

#include "failure.h"

// Busy-waits for more bytes on a socket: until `bytes` bytes have arrived, no byte has arrived for `quiet`
// microseconds, or `limit` microseconds have passed. Returns the number of bytes that can be read.
Outcome<size_t> waitForBytes(int fd, size_t bytes, size_t quiet, size_t limit);
