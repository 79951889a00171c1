#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "failure.h"

// Who is at the other end of a Unix socket, as far as the system tells.
struct PeerCredentials {
  std::optional<int64_t> pid;
  std::optional<int64_t> uid;
  std::optional<int64_t> gid;
  // What a security module such as SELinux calls it; empty without one.
  std::string securityContext;
};

Outcome<PeerCredentials> peerCredentials(int fd);
