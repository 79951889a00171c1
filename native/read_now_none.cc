#include "read_now.h"

Outcome<std::optional<size_t>> readNow(int, std::span<std::byte>, int64_t) { return {}; }
