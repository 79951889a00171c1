#include "punch.h"

const bool canPunchHole = false;
const bool canZeroRange = false;

Failure punchHole(int, int64_t, int64_t) { return notSupported("fallocate"); }

Failure zeroRange(int, int64_t, int64_t) { return notSupported("fallocate"); }
