#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "../common/failure.h"

// The numeric id of the user or group `name`. Empty when the system does not know the name.
Outcome<std::optional<size_t>> userId(const std::string& name);
Outcome<std::optional<size_t>> groupId(const std::string& name);

// The TCP port of a service (services(5)). Empty when the system does not know the name.
Outcome<std::optional<size_t>> servicePort(const std::string& name);
