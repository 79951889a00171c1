#pragma once

#include <cstddef>

#include "failure.h"

// Waits a moment, without sleeping, for more to arrive at a socket: until so many bytes are there, nothing
// has come for `quiet`, or `limit` is over (microseconds). The bytes that are there then.
Outcome<size_t> waitForBytes(int fd, size_t bytes, size_t quiet, size_t limit);
