#include "datagram.h"

#include <cstring>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>

#include "../common/fd.h"

namespace {

// A receiver that does not read must not delay the server for longer.
constexpr timeval sendTimeout{1, 0};

// Returns the length of the address, or 0 when the path is too long.
socklen_t fillAddress(const std::string& path, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return 0;
  memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';
  // The length ends the name of an abstract socket. A NUL byte ends the path of a file.
  const size_t terminator = path[0] == '@' ? 0 : 1;
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + terminator);
}

}  // namespace

Failure sendDatagram(const std::string& path, std::span<const std::byte> message) {
  sockaddr_un address;
  const socklen_t length = fillAddress(path, address);
  if (length == 0) return {ENAMETOOLONG, "sendto"};
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM, 0));
  if (!socket) return lastFailure("socket");
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &sendTimeout, sizeof sendTimeout);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  if (sendto(socket.get(), message.data(), message.size(), 0, to, length) >= 0) return {};
  return lastFailure("sendto");
}

Failure systemLog(const std::string& message) {
  // Call openlog() each time, because only some systems look up the process id again by themselves.
  openlog("nbdkit", LOG_PID, LOG_DAEMON);
  syslog(LOG_ERR, "%s", message.c_str());
  return {};
}
