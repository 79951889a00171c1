#pragma once

#include <sys/stat.h>

#include "failure.h"
#include "fd.h"

// The directory of a private socket. It is removed only while it is the one that was made here, and with it
// nothing but a socket of the name "socket".
class PrivateDirectory {
 public:
  PrivateDirectory() = default;
  ~PrivateDirectory();
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;

  // `pattern` is that of mkdtemp(3): an absolute path that ends with XXXXXX.
  Failure make(const char* pattern);
  const char* path() const { return path_; }
  // To do it again, or when the server has done it, is harmless.
  void remove();

 private:
  char* path_ = nullptr;
  UniqueFd fd_;
  struct stat identity_ {};
};
