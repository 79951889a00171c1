#pragma once

#include <sys/stat.h>

#include "../common/failure.h"
#include "../common/fd.h"

// The directory of a private socket. It is removed only if it is still the directory that this object
// created, and the only file that is removed with it is a socket with the name "socket".
class PrivateDirectory {
 public:
  PrivateDirectory() = default;
  ~PrivateDirectory();
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;

  // `pattern` is for mkdtemp(3): an absolute path that ends with XXXXXX.
  Failure make(const char* pattern);
  const char* path() const { return path_; }
  // Removing the directory again, or after the server has removed it, does no harm.
  void remove();

 private:
  char* path_ = nullptr;
  UniqueFd fd_;
  struct stat identity_ {};
};
