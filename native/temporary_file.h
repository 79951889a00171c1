#pragma once

#include <string>

#include "failure.h"
#include "fd.h"

// An empty file that has no name any more. `prefix` is where it is made: a folder, and how its name begins.
Outcome<UniqueFd> createTemporaryFile(std::string prefix);
