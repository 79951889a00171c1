#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "failure.h"

// The process at the other end of a Unix socket, as far as the system reports it.
struct PeerCredentials {
  std::optional<int64_t> pid;
  std::optional<int64_t> uid;
  std::optional<int64_t> gid;
  // The label of a security module such as SELinux. Empty without one.
  std::string securityContext;
};

Outcome<PeerCredentials> peerCredentials(int fd);
