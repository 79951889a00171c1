#include "peer_credentials.h"

#include <sys/types.h>
#include <unistd.h>

// FreeBSD and macOS both report the user and the group. Their information about the process differs and is
// left out.
Outcome<PeerCredentials> peerCredentials(int fd) {
  uid_t uid;
  gid_t gid;
  if (getpeereid(fd, &uid, &gid) != 0) return {{}, lastFailure("getpeereid")};
  return {{std::nullopt, uid, gid, ""}, {}};
}
