#pragma once

#include "failure.h"

// Locks all current and future memory of this process in RAM, so that none of it is swapped out.
Failure lockAllMemory();

// Removes the limit of locked memory. Only root can do that, so call it before the process changes its user.
Failure unlimitLockedMemory();
