#pragma once

#include <cstdint>
#include <optional>

#include "failure.h"

extern const bool canLockMemory;

// Keeps all of a memory file in RAM, never in swap, until it is unlocked or the process ends. Returns what
// unlockMemoryFile wants to have.
Outcome<std::optional<int64_t>> lockMemoryFile(int fd, int64_t size);

Failure unlockMemoryFile(int64_t lock, int64_t size);
