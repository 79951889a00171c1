#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "failure.h"
#include "fd.h"

// Where a socket is or comes from.
struct SocketAddress {
  enum class Family { unix, tcp, vsock } family = Family::unix;
  // An IP address in its usual form; the path of a Unix socket, "" when it has none; the number of a
  // machine (vsock).
  std::string host;
  uint32_t port = 0;
};

struct Accepted {
  UniqueFd fd;
  SocketAddress peer;
};

Outcome<UniqueFd> listenUnix(std::string path);
// `address` is an IPv4 or IPv6 address; port 0 lets the system choose.
Outcome<UniqueFd> listenTcp(std::string address, int port, bool ipv6Only);
// Makes a listening socket that somebody else opened fit for accept().
Failure adoptListener(int fd);

Outcome<SocketAddress> localAddress(int fd);

// The next client, if one waits.
Outcome<std::optional<Accepted>> acceptClient(int fd);

// Asks the system to find out whether an idle peer is still there.
Failure keepAlive(int fd);
