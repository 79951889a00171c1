#include <sys/socket.h>
// linux/vm_sockets.h uses types of sys/socket.h and must follow it.
#include <linux/vm_sockets.h>
#include <uv.h>

#include <charconv>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>

#include "system.h"

// epoll reports a hang-up for every event mask, but libuv needs a mask that is not empty. So ask for urgent
// data (UV_PRIORITIZED), which NBD clients never send.
const int hangUpEvent = UV_PRIORITIZED;

// The kernel limits security labels to one page.
constexpr size_t labelBytesMax = 4096;

static std::string securityContext(int fd) {
  char label[labelBytesMax];
  socklen_t length = sizeof label;
  // Fails when no security module assigns labels. The label is empty then.
  if (getsockopt(fd, SOL_SOCKET, SO_PEERSEC, label, &length) != 0) return "";
  return std::string(label, strnlen(label, length));
}

Outcome<PeerCredentials> peerCredentials(int fd) {
  ucred found{};
  socklen_t length = sizeof found;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &found, &length) != 0) return {{}, lastFailure("getsockopt")};
  return {{found.pid, found.uid, found.gid, securityContext(fd)}, {}};
}

static sockaddr_vm addressOf(int64_t cid, int64_t port) {
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = static_cast<uint32_t>(cid);
  address.svm_port = static_cast<uint32_t>(port);
  return address;
}

static bool isNumber(int64_t value) { return value >= 0 && value <= UINT32_MAX; }

Outcome<UniqueFd> listenVsock(int64_t port) {
  if (!isNumber(port)) return {UniqueFd(), {EINVAL, "bind"}};
  UniqueFd fd(newNonblockingSocket(AF_VSOCK));
  if (!fd) return {UniqueFd(), lastFailure("socket")};
  // The kernel treats port 0 as an ordinary port.
  const sockaddr_vm address = addressOf(VMADDR_CID_ANY, port == 0 ? VMADDR_PORT_ANY : port);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {UniqueFd(), lastFailure("bind")};
  if (listen(fd.get(), SOMAXCONN) != 0) return {UniqueFd(), lastFailure("listen")};
  return {std::move(fd), {}};
}

Outcome<UniqueFd> connectVsock(int64_t cid, int64_t port) {
  if (!isNumber(cid) || !isNumber(port)) return {UniqueFd(), {EINVAL, "connect"}};
  UniqueFd fd(newNonblockingSocket(AF_VSOCK));
  if (!fd) return {UniqueFd(), lastFailure("socket")};
  const sockaddr_vm address = addressOf(cid, port);
  const int result = connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (result != 0 && errno != EINPROGRESS) return {UniqueFd(), lastFailure("connect")};
  return {std::move(fd), {}};
}

Failure connectOutcome(int fd) {
  int number = 0;
  socklen_t length = sizeof number;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0) return lastFailure("getsockopt");
  return number == 0 ? Failure{} : failureOf("connect", number);
}

std::optional<SocketAddress> vsockAddress(const sockaddr& address) {
  if (address.sa_family != AF_VSOCK) return {};
  const auto& found = reinterpret_cast<const sockaddr_vm&>(address);
  char digits[std::numeric_limits<unsigned>::digits10 + 1];
  const std::to_chars_result end = std::to_chars(std::begin(digits), std::end(digits), found.svm_cid);
  return SocketAddress{SocketAddress::Family::vsock, {digits, end.ptr}, found.svm_port};
}
