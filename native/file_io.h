#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "failure.h"

// Fills `into`. Reads fewer bytes only at the end of the file.
Outcome<size_t> readAt(int fd, std::span<std::byte> into, int64_t offset);

// Writes all of `from`.
Failure writeAt(int fd, std::span<const std::byte> from, int64_t offset);

Failure setSize(int fd, int64_t size);
