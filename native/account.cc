#include "account.h"

#include <cerrno>
#include <grp.h>
#include <pwd.h>

// Systems disagree on the errno that says "no such name"; these two say that the search itself went wrong
// in a way that is worth telling.
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
