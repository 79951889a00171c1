#pragma once

// procctl(2) of FreeBSD, as far as we use it, made of prctl(2).
#include <cerrno>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>

constexpr int PROC_PDEATHSIG_CTL = 11;

inline int procctl(idtype_t type, id_t id, int command, void* data) {
  if (type != P_PID || id != 0 || command != PROC_PDEATHSIG_CTL) {
    errno = EINVAL;
    return -1;
  }
  return prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(*static_cast<int*>(data)), 0UL, 0UL, 0UL);
}
