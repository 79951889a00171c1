#include <sys/types.h>
#include <unistd.h>

#include "system.h"

const int hangUpEvent = 0;

// The user and the group. FreeBSD and macOS report the process in different ways, so it is left out.
Outcome<PeerCredentials> peerCredentials(int fd) {
  uid_t uid;
  gid_t gid;
  if (getpeereid(fd, &uid, &gid) != 0) return {{}, lastFailure("getpeereid")};
  return {{std::nullopt, uid, gid, ""}, {}};
}

Outcome<UniqueFd> listenVsock(int64_t) { return {UniqueFd(), notSupported("socket")}; }
Outcome<UniqueFd> connectVsock(int64_t, int64_t) { return {UniqueFd(), notSupported("socket")}; }
Failure connectOutcome(int) { return notSupported("getsockopt"); }
std::optional<SocketAddress> vsockAddress(const sockaddr&) { return {}; }
