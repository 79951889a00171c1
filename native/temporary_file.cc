#include "temporary_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

Outcome<UniqueFd> createTemporaryFile(std::string prefix) {
  std::string path = prefix + "XXXXXX";
  UniqueFd fd(mkostemp(path.data(), O_CLOEXEC));
  if (!fd) return {UniqueFd(), lastFailure("mkostemp")};
  if (unlink(path.c_str()) != 0) return {UniqueFd(), lastFailure("unlink")};
  return {std::move(fd), {}};
}
