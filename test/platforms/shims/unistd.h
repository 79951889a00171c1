#pragma once

// Implements the BSDs' getpeereid(3) with SO_PEERCRED, and FreeBSD's lseek(2) for memory files.
#include_next <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/socket.h>

inline int getpeereid(int fd, uid_t* uid, gid_t* gid) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
  *uid = peer.uid;
  *gid = peer.gid;
  return 0;
}

inline bool shimIsMemory(int fd) {
  char link[64];
  char target[16] = "";
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  return readlink(link, target, sizeof target - 1) > 0 && strncmp(target, "/memfd:", 7) == 0;
}

// FreeBSD does not report holes of memory files.
inline off_t shimSeek(int fd, off_t offset, int whence) {
  if ((whence != SEEK_DATA && whence != SEEK_HOLE) || !shimIsMemory(fd)) return lseek(fd, offset, whence);
  errno = EINVAL;
  return -1;
}

#define lseek shimSeek
