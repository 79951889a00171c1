#include "advise.h"

const bool canAdvise = false;

Failure advise(int, int64_t, int64_t, Advice) { return {}; }
