#pragma once

// getpeereid(3) of the BSDs, made of SO_PEERCRED.
#include_next <unistd.h>

#include <sys/socket.h>

inline int getpeereid(int fd, uid_t* uid, gid_t* gid) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
  *uid = peer.uid;
  *gid = peer.gid;
  return 0;
}
