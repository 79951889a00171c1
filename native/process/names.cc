#include "names.h"

#include <arpa/inet.h>
#include <cerrno>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>

// Systems use different errnos for "no such name". These two mean that the lookup itself failed, so they are
// reported.
static Failure searchFailure(const char* call) {
  return errno == EIO || errno == ENOMEM ? lastFailure(call) : Failure{};
}

Outcome<std::optional<size_t>> userId(const std::string& name) {
  errno = 0;
  const passwd* entry = getpwnam(name.c_str());
  if (entry == nullptr) return {std::nullopt, searchFailure("getpwnam")};
  return {entry->pw_uid};
}

Outcome<std::optional<size_t>> groupId(const std::string& name) {
  errno = 0;
  const group* entry = getgrnam(name.c_str());
  if (entry == nullptr) return {std::nullopt, searchFailure("getgrnam")};
  return {entry->gr_gid};
}

Outcome<std::optional<size_t>> servicePort(const std::string& name) {
  const servent* entry = getservbyname(name.c_str(), "tcp");
  if (entry == nullptr) return {};
  return {ntohs(static_cast<uint16_t>(entry->s_port))};
}
