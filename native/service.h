#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "failure.h"

// The TCP port of a service (services(5)). Empty when the system does not know the name.
Outcome<std::optional<size_t>> servicePort(const std::string& name);
