#include "nonblocking.h"

int newNonblockingSocket(int domain) { return socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

int acceptNonblocking(int fd, sockaddr* peer, socklen_t* length) {
  return accept4(fd, peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
