// What Linux and FreeBSD have in common: the flags are set by the call that makes the descriptor.

#include <fcntl.h>
#include <unistd.h>

#include "system.h"

int newNonblockingSocket(int domain) { return socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

int acceptNonblocking(int fd, sockaddr* peer, socklen_t* length) {
  return accept4(fd, peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int newPipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
