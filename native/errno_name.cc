#include "errno_name.h"

#include <cerrno>

#define NAME(number) \
  case number:       \
    return #number

const char* errnoName(int number) {
  switch (number) {
    NAME(E2BIG);
    NAME(EACCES);
    NAME(EAGAIN);
    NAME(EBADF);
    NAME(EBUSY);
    NAME(ECANCELED);
    NAME(ECONNREFUSED);
    NAME(EDEADLK);
    NAME(EDOM);
    NAME(EDQUOT);
    NAME(EEXIST);
    NAME(EFAULT);
    NAME(EFBIG);
    NAME(EINTR);
    NAME(EINVAL);
    NAME(EIO);
    NAME(EISDIR);
    NAME(ELOOP);
    NAME(EMFILE);
    NAME(EMLINK);
    NAME(ENAMETOOLONG);
    NAME(ENFILE);
    NAME(ENODEV);
    NAME(ENOENT);
    NAME(ENOEXEC);
    NAME(ENOLCK);
    NAME(ENOMEM);
    NAME(ENOSPC);
    NAME(ENOTBLK);
    NAME(ENOTDIR);
    NAME(ENOTSUP);
    NAME(ENOTTY);
    NAME(ENXIO);
    NAME(EOVERFLOW);
    NAME(EPERM);
    NAME(EPIPE);
    NAME(EPROTOTYPE);
    NAME(ERANGE);
    NAME(EROFS);
    NAME(ESPIPE);
    NAME(ESRCH);
    NAME(ESTALE);
    NAME(ETIMEDOUT);
    NAME(ETXTBSY);
    NAME(EXDEV);
    default:
      return "UNKNOWN";
  }
}
