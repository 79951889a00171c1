#pragma once

#include <cerrno>

// A system call that failed: which one, and the errno it left. Empty when all went well.
// A plain struct in place of std::error_code, because the message needs the call's name and
// the launcher links no C++ library.
struct Failure {
  int number = 0;
  const char* call = "";

  explicit operator bool() const { return number != 0; }
};

// Several errnos say "this file or system has no such operation"; callers see one of them.
inline Failure failureOf(const char* call, int number) {
  const bool unsupported = number == EOPNOTSUPP || number == ENOSYS;
  return {unsupported ? ENOTSUP : number, call};
}

// To be called before anything else changes errno.
inline Failure lastFailure(const char* call) { return failureOf(call, errno); }

inline Failure notSupported(const char* call) { return {ENOTSUP, call}; }

// A value, or the failure that kept us from it.
template <class T>
struct Outcome {
  T value{};
  Failure failure{};
};
