#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "failure.h"
#include "fd.h"
#include "listener.h"

// Sockets between a host and its virtual machines (vsock(7)). Context ids and ports are 32-bit numbers. With
// port 0 the system chooses the port.
Outcome<UniqueFd> listenVsock(int64_t port);

// Starts to connect a socket. When the socket has become writable, `connectOutcome` returns the result.
Outcome<UniqueFd> connectVsock(int64_t cid, int64_t port);
Failure connectOutcome(int fd);

// Empty for an address of another family.
std::optional<SocketAddress> vsockAddress(const sockaddr& address);
