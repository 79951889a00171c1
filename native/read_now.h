#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "failure.h"

// Reads what is at hand without waiting for a disk, which may be less than asked for.
// Nothing when that is no byte, or when the system cannot tell.
Outcome<std::optional<size_t>> readNow(int fd, std::span<std::byte> into, int64_t offset);
