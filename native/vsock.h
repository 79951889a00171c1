#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "failure.h"
#include "fd.h"
#include "listener.h"

// Sockets between a host and its virtual machines (vsock(7)). Machines and ports are numbers of 32 bits.
// Port 0 lets the system choose.
Outcome<UniqueFd> listenVsock(int64_t port);

// A socket that is being connected: when it has become writable, `connectOutcome` tells what came of it.
Outcome<UniqueFd> connectVsock(int64_t cid, int64_t port);
Failure connectOutcome(int fd);

// Nothing for an address of another family.
std::optional<SocketAddress> vsockAddress(const sockaddr& address);
