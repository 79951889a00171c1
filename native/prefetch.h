#pragma once

#include <cstdint>

#include "failure.h"

// Reads the range into the page cache and waits for that. Stops at the end of the file.
Failure prefetch(int fd, int64_t offset, int64_t length);
