#pragma once

#include <cstdint>

#include "failure.h"

// Brings the range into the page cache and waits until it is there; stops at the end of the file.
Failure prefetch(int fd, int64_t offset, int64_t length);
