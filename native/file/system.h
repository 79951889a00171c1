#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "../common/failure.h"

// What systems do with open files in different ways. linux.cc, freebsd.cc, darwin.cc and other.cc implement
// it, together with the files that several of them share: extents.cc and posix.cc.

extern const bool canPunchHole;
extern const bool canZeroRange;

// Deallocates the range. The range reads as zeroes afterwards, and the file keeps its size.
Failure punchHole(int fd, int64_t offset, int64_t length);

// Makes the range read as zeroes and keeps it allocated. The file keeps its size.
Failure zeroRange(int fd, int64_t offset, int64_t length);

extern const bool canFindExtents;

// The first offset at or after `offset` that holds data. Empty when there is no more data.
Outcome<std::optional<int64_t>> nextData(int fd, int64_t offset);

// The first offset at or after `offset` that lies in a hole. The end of the file counts as a hole. Empty for
// an offset past the end.
Outcome<std::optional<int64_t>> nextHole(int fd, int64_t offset);

extern const bool canAdvise;

enum class Advice { normal, random, sequential, dontNeed, willNeed };

// A length of 0 means "to the end of the file". On systems without posix_fadvise(2) the call succeeds and
// does nothing.
Failure advise(int fd, int64_t offset, int64_t length, Advice advice);

// Reads bytes that are available without waiting for a disk, which may be fewer than requested. Empty when
// there are none, or when the system cannot read without waiting.
Outcome<std::optional<size_t>> readNow(int fd, std::span<std::byte> into, int64_t offset);
