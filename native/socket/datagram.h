#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "../common/failure.h"

// Sends one datagram to a Unix socket. A path that begins with '@' names an abstract socket (unix(7), Linux).
Failure sendDatagram(const std::string& path, std::span<const std::byte> message);

// Writes an error to the system log (syslog(3)) as "nbdkit[PID]: MESSAGE". Never fails: without a log daemon
// the message is lost.
Failure systemLog(const std::string& message);
