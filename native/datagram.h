#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "failure.h"

// Sends one datagram to a Unix socket. A path that begins with '@' names an abstract socket (unix(7), Linux).
Failure sendDatagram(const std::string& path, std::span<const std::byte> message);
