#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

#include "../common/failure.h"
#include "../common/fd.h"
#include "listener.h"

// What systems do with sockets and pipes in different ways. linux.cc, freebsd.cc, darwin.cc and other.cc
// implement it, together with the files that several of them share: posix.cc and fcntl.cc.

// A socket that is nonblocking and close-on-exec.
int newNonblockingSocket(int domain);
int acceptNonblocking(int fd, sockaddr* peer, socklen_t* length);
// A pipe that is blocking, as programs expect, and close-on-exec.
int newPipe(int ends[2]);

// The process at the other end of a Unix socket, as far as the system reports it.
struct PeerCredentials {
  std::optional<int64_t> pid;
  std::optional<int64_t> uid;
  std::optional<int64_t> gid;
  // The label of a security module such as SELinux. Empty without one.
  std::string securityContext;
};

Outcome<PeerCredentials> peerCredentials(int fd);

// Sockets between a host and its virtual machines (vsock(7)). Context ids and ports are 32-bit numbers. With
// port 0 the system chooses the port.
Outcome<UniqueFd> listenVsock(int64_t port);

// Starts to connect a socket. When the socket has become writable, `connectOutcome` returns the result.
Outcome<UniqueFd> connectVsock(int64_t cid, int64_t port);
Failure connectOutcome(int fd);

// Empty for an address of another family.
std::optional<SocketAddress> vsockAddress(const sockaddr& address);

// The libuv event mask that reports only that a socket is closed in both directions. 0 where the system
// cannot report that.
extern const int hangUpEvent;
