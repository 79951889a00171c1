#pragma once

#include "failure.h"

// Keeps all memory of this process, also what it will ask for later, from being paged out.
Failure lockAllMemory();

// Root may lock as much as it likes. This lets the process go on with it when it is somebody else.
Failure unlimitLockedMemory();
