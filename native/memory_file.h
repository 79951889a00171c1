#pragma once

#include <string>

#include "failure.h"
#include "fd.h"

extern const bool canCreateMemoryFile;

// An empty file in memory without a path. `name` appears only in debugging tools.
Outcome<UniqueFd> createMemoryFile(const std::string& name);
