// For systems without a file of their own: nothing is supported.

#include "system.h"

const int hangUpEvent = 0;

Outcome<PeerCredentials> peerCredentials(int) { return {{}, notSupported("getpeereid")}; }

Outcome<UniqueFd> listenVsock(int64_t) { return {UniqueFd(), notSupported("socket")}; }
Outcome<UniqueFd> connectVsock(int64_t, int64_t) { return {UniqueFd(), notSupported("socket")}; }
Failure connectOutcome(int) { return notSupported("getsockopt"); }
std::optional<SocketAddress> vsockAddress(const sockaddr&) { return {}; }
