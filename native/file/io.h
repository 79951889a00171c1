#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "../common/failure.h"
#include "../common/fd.h"

// Fills `into`. Reads fewer bytes only at the end of the file.
Outcome<size_t> readAt(int fd, std::span<std::byte> into, int64_t offset);

// Writes all of `from`.
Failure writeAt(int fd, std::span<const std::byte> from, int64_t offset);

Failure setSize(int fd, int64_t size);

// Reads the range into the page cache and waits for that. Stops at the end of the file.
Failure prefetch(int fd, int64_t offset, int64_t length);

// Creates an empty file and unlinks it. `prefix` is the folder and the beginning of the name.
Outcome<UniqueFd> createTemporaryFile(std::string prefix);
