#pragma once

#include "failure.h"
#include "fd.h"

// Duplicates a descriptor. The new one is close-on-exec.
Outcome<UniqueFd> duplicate(int fd);
