#pragma once

#include <cerrno>

// A failed system call: the name of the call and its errno. Empty on success. This is a plain struct and not
// a std::error_code, because the message needs the name of the call and the launcher links no C++ library.
struct Failure {
  int number = 0;
  const char* call = "";

  explicit operator bool() const { return number != 0; }
};

// Several errnos mean "this file or system does not support the operation". They become one errno.
inline Failure failureOf(const char* call, int number) {
  const bool unsupported = number == EOPNOTSUPP || number == ENOSYS;
  return {unsupported ? ENOTSUP : number, call};
}

// Call this before any other call changes errno.
inline Failure lastFailure(const char* call) { return failureOf(call, errno); }

inline Failure notSupported(const char* call) { return {ENOTSUP, call}; }

// A value, or the failure that prevented it.
template <class T>
struct Outcome {
  T value{};
  Failure failure{};
};
