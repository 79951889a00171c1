#include "memory_file.h"

const bool canCreateMemoryFile = false;

Outcome<UniqueFd> createMemoryFile(const std::string&) { return {UniqueFd(), notSupported("memfd_create")}; }
