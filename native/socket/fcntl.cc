// For systems that set the flags of a descriptor only after it was made.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "system.h"

// Without flags for socket(2), another thread's fork can inherit the socket before this call. Only Node.js
// forks in this process, and it closes the descriptors that it does not pass on.
static int prepared(int fd) {
  if (fd < 0) return fd;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0) return fd;
  const int number = errno;
  close(fd);
  errno = number;
  return -1;
}

int newNonblockingSocket(int domain) { return prepared(socket(domain, SOCK_STREAM, 0)); }

int acceptNonblocking(int fd, sockaddr* peer, socklen_t* length) {
  return prepared(accept(fd, peer, length));
}

int newPipe(int ends[2]) {
  if (pipe(ends) < 0) return -1;
  for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
  return 0;
}
