#include "descendants.h"

#include <csignal>
#include <cstdlib>
#include <sys/types.h>
#include <sys/procctl.h>
#include <sys/wait.h>
#include <unistd.h>

Failure adoptOrphans() {
  if (procctl(P_PID, getpid(), PROC_REAP_ACQUIRE, nullptr) == 0) return {};
  return lastFailure("procctl");
}

int signalDescendants(int signal) {
  procctl_reaper_kill request{};
  request.rk_sig = signal;
  // The kernel repeats until it finds no new descendant. EPERM means that some of them did not get the
  // signal; the others did.
  procctl(P_PID, getpid(), PROC_REAP_KILL, &request);
  return static_cast<int>(request.rk_killed);
}

bool canSeeDescendants() { return true; }

int countReachable() {
  procctl_reaper_status status{};
  if (procctl(P_PID, getpid(), PROC_REAP_STATUS, &status) != 0 || status.rs_descendants == 0) return 0;
  procctl_reaper_pids list{};
  list.rp_count = status.rs_descendants;
  // Filled with zeroes: the kernel sets a flag in the entries that it fills in.
  list.rp_pids = static_cast<procctl_reaper_pidinfo*>(calloc(list.rp_count, sizeof(procctl_reaper_pidinfo)));
  int reachable = 0;
  if (list.rp_pids != nullptr && procctl(P_PID, getpid(), PROC_REAP_GETPIDS, &list) == 0) {
    for (unsigned index = 0; index < list.rp_count; index++) {
      const procctl_reaper_pidinfo& one = list.rp_pids[index];
      if ((one.pi_flags & REAPER_PIDINFO_VALID) == 0) break;
      if ((one.pi_flags & REAPER_PIDINFO_ZOMBIE) == 0 && kill(one.pi_pid, 0) == 0) reachable++;
    }
  }
  free(list.rp_pids);
  return reachable;
}
