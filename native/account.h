#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "failure.h"

// The number behind the name of a user or group; nothing when there is no such name.
Outcome<std::optional<size_t>> userId(const std::string& name);
Outcome<std::optional<size_t>> groupId(const std::string& name);
