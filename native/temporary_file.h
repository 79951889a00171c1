#pragma once

#include <string>

#include "failure.h"
#include "fd.h"

// Creates an empty file and unlinks it. `prefix` is the folder and the beginning of the name.
Outcome<UniqueFd> createTemporaryFile(std::string prefix);
