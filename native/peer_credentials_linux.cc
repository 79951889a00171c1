#include "peer_credentials.h"

#include <sys/socket.h>

#include <cstring>

// The kernel limits security labels to one page.
constexpr size_t labelBytesMax = 4096;

static std::string securityContext(int fd) {
  char label[labelBytesMax];
  socklen_t length = sizeof label;
  // Fails when no security module assigns labels. The label is empty then.
  if (getsockopt(fd, SOL_SOCKET, SO_PEERSEC, label, &length) != 0) return "";
  return std::string(label, strnlen(label, length));
}

Outcome<PeerCredentials> peerCredentials(int fd) {
  ucred found{};
  socklen_t length = sizeof found;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &found, &length) != 0) return {{}, lastFailure("getsockopt")};
  return {{found.pid, found.uid, found.gid, securityContext(fd)}, {}};
}
