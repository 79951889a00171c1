#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "failure.h"

// The numeric id of the user or group `name`. Empty when the system does not know the name.
Outcome<std::optional<size_t>> userId(const std::string& name);
Outcome<std::optional<size_t>> groupId(const std::string& name);
