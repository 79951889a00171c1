#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "../common/failure.h"
#include "../common/fd.h"

// The address of a socket or of its peer.
struct SocketAddress {
  enum class Family { unix, tcp, vsock } family = Family::unix;
  // An IP address in its usual text form, the path of a Unix socket ("" when it has none), or the context id
  // of a virtual machine (vsock).
  std::string host;
  uint32_t port = 0;
};

struct Accepted {
  UniqueFd fd;
  SocketAddress peer;
};

Outcome<UniqueFd> listenUnix(std::string path);
// `address` is an IPv4 or IPv6 address. With port 0 the system chooses the port.
Outcome<UniqueFd> listenTcp(std::string address, int port, bool ipv6Only);
// Prepares a listening socket that another process opened for acceptClient().
Failure adoptListener(int fd);

Outcome<SocketAddress> localAddress(int fd);

// Accepts the next waiting client. Empty when no client waits.
Outcome<std::optional<Accepted>> acceptClient(int fd);

// Enables TCP keepalive: the system checks that an idle peer still exists.
Failure keepAlive(int fd);
