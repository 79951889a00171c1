#include "private_directory.h"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

PrivateDirectory::~PrivateDirectory() { free(path_); }

Failure PrivateDirectory::make(const char* pattern) {
  if (path_ != nullptr) return {EEXIST, "mkdtemp"};
  char* path = strdup(pattern);
  if (path == nullptr) return lastFailure("strdup");
  if (mkdtemp(path) == nullptr) {
    const Failure failure = lastFailure("mkdtemp");
    free(path);
    return failure;
  }
  path_ = path;
  fd_ = UniqueFd(open(path_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd_ || fstat(fd_.get(), &identity_) != 0) return lastFailure("open");
  return {};
}

void PrivateDirectory::remove() {
  if (!fd_) return;
  struct stat found {};
  if (fstatat(fd_.get(), "socket", &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(found.st_mode)) {
    unlinkat(fd_.get(), "socket", 0);
  }
  if (lstat(path_, &found) != 0) return;
  if (found.st_dev == identity_.st_dev && found.st_ino == identity_.st_ino) rmdir(path_);
}
