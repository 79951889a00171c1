#include "listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "system.h"

namespace {

// The system's maximum, so that a burst of connections is not refused.
constexpr int backlog = SOMAXCONN;

// The size of the socket's send buffer; the system reduces it to its limit. With a larger buffer the client
// can read while the server prepares the next reply.
constexpr int sendBufferBytes = 1 << 20;

union AnyAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un local;
  sockaddr_storage storage;
};

bool setOption(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

Outcome<UniqueFd> bound(UniqueFd fd, const AnyAddress& address, size_t length) {
  if (bind(fd.get(), &address.any, static_cast<socklen_t>(length)) != 0)
    return {UniqueFd(), lastFailure("bind")};
  if (listen(fd.get(), backlog) != 0) return {UniqueFd(), lastFailure("listen")};
  return {std::move(fd), {}};
}

SocketAddress toAddress(const AnyAddress& address, socklen_t length) {
  if (const auto vsock = vsockAddress(address.any)) return *vsock;
  char text[INET6_ADDRSTRLEN] = "";
  switch (address.any.sa_family) {
    case AF_INET:
      inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof text);
      return {SocketAddress::Family::tcp, text, ntohs(address.v4.sin_port)};
    case AF_INET6:
      inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof text);
      return {SocketAddress::Family::tcp, text, ntohs(address.v6.sin6_port)};
    default: {
      // The address of an unnamed socket has no path.
      const size_t start = offsetof(sockaddr_un, sun_path);
      const size_t room =
          length > start ? std::min<size_t>(length - start, sizeof address.local.sun_path) : 0;
      return {SocketAddress::Family::unix,
              std::string(address.local.sun_path, strnlen(address.local.sun_path, room)), 0};
    }
  }
}

// Errors are ignored: without these options the connection works, but slower.
void tune(int fd, SocketAddress::Family family) {
  // NBD messages are small and must be sent without delay.
  if (family == SocketAddress::Family::tcp) setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  // TCP adjusts its send buffer itself.
  if (family == SocketAddress::Family::unix) setOption(fd, SOL_SOCKET, SO_SNDBUF, sendBufferBytes);
}

// A client that disconnected while it waited in the queue is not an error.
bool isGone(int number) { return number == ECONNABORTED || number == EINTR || number == EPROTO; }

}  // namespace

Outcome<UniqueFd> listenUnix(std::string path) {
  AnyAddress address{};
  if (path.size() >= sizeof address.local.sun_path) return {UniqueFd(), {ENAMETOOLONG, "bind"}};
  UniqueFd fd(newNonblockingSocket(AF_UNIX));
  if (!fd) return {UniqueFd(), lastFailure("socket")};
  address.local.sun_family = AF_UNIX;
  std::memcpy(address.local.sun_path, path.data(), path.size());
  return bound(std::move(fd), address, sizeof address.local);
}

Outcome<UniqueFd> listenTcp(std::string host, int port, bool ipv6Only) {
  AnyAddress address{};
  size_t length;
  if (inet_pton(AF_INET, host.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(static_cast<uint16_t>(port));
    length = sizeof address.v4;
  } else if (inet_pton(AF_INET6, host.c_str(), &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(static_cast<uint16_t>(port));
    length = sizeof address.v6;
  } else {
    return {UniqueFd(), {EINVAL, "bind"}};
  }
  UniqueFd fd(newNonblockingSocket(address.any.sa_family));
  if (!fd) return {UniqueFd(), lastFailure("socket")};
  const bool v6 = address.any.sa_family == AF_INET6;
  // A restarted server must not wait until the connections of the previous server have timed out.
  if (!setOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
      (v6 && !setOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, ipv6Only))) {
    return {UniqueFd(), lastFailure("setsockopt")};
  }
  return bound(std::move(fd), address, length);
}

Failure adoptListener(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return lastFailure("fcntl");
  }
  int listening = 0;
  socklen_t length = sizeof listening;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0) return lastFailure("getsockopt");
  return listening ? Failure{} : Failure{EINVAL, "accept"};
}

Outcome<SocketAddress> localAddress(int fd) {
  AnyAddress address{};
  socklen_t length = sizeof address;
  if (getsockname(fd, &address.any, &length) != 0) return {{}, lastFailure("getsockname")};
  return {toAddress(address, length), {}};
}

Outcome<std::optional<Accepted>> acceptClient(int listener) {
  AnyAddress address{};
  socklen_t length;
  UniqueFd fd;
  do {
    length = sizeof address;
    fd = UniqueFd(acceptNonblocking(listener, &address.any, &length));
  } while (!fd && isGone(errno));
  if (!fd && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
  if (!fd) return {{}, lastFailure("accept")};
  const SocketAddress peer = toAddress(address, length);
  tune(fd.get(), peer.family);
  return {Accepted{std::move(fd), peer}, {}};
}

Failure keepAlive(int fd) {
  return setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1) ? Failure{} : lastFailure("setsockopt");
}
