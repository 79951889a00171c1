#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "failure.h"

// Reads bytes that are available without waiting for a disk, which may be fewer than requested. Empty when
// there are none, or when the system cannot read without waiting.
Outcome<std::optional<size_t>> readNow(int fd, std::span<std::byte> into, int64_t offset);
