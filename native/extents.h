#pragma once

#include <cstdint>
#include <optional>

#include "failure.h"

extern const bool canFindExtents;

// The first offset at or after `offset` that holds data; nothing when there is none.
Outcome<std::optional<int64_t>> nextData(int fd, int64_t offset);

// The first offset at or after `offset` in a hole, counting the end of the file as one; nothing
// past the end.
Outcome<std::optional<int64_t>> nextHole(int fd, int64_t offset);
