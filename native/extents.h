#pragma once

#include <cstdint>
#include <optional>

#include "failure.h"

extern const bool canFindExtents;

// The first offset at or after `offset` that holds data. Empty when there is no more data.
Outcome<std::optional<int64_t>> nextData(int fd, int64_t offset);

// The first offset at or after `offset` that lies in a hole. The end of the file counts as a hole. Empty for
// an offset past the end.
Outcome<std::optional<int64_t>> nextHole(int fd, int64_t offset);
