// For systems without a file of their own: nothing is supported.

#include "system.h"

const bool canPunchHole = false;
const bool canZeroRange = false;

Failure punchHole(int, int64_t, int64_t) { return notSupported("fallocate"); }

Failure zeroRange(int, int64_t, int64_t) { return notSupported("fallocate"); }

const bool canFindExtents = false;

Outcome<std::optional<int64_t>> nextData(int, int64_t) { return {{}, notSupported("lseek")}; }

Outcome<std::optional<int64_t>> nextHole(int, int64_t) { return {{}, notSupported("lseek")}; }

const bool canAdvise = false;

Failure advise(int, int64_t, int64_t, Advice) { return {}; }

Outcome<std::optional<size_t>> readNow(int, std::span<std::byte>, int64_t) { return {}; }
