#pragma once

// Implements the used part of FreeBSD's procctl(2) with prctl(2) and /proc.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

constexpr int PROC_REAP_ACQUIRE = 2;
constexpr int PROC_REAP_STATUS = 4;
constexpr int PROC_REAP_GETPIDS = 5;
constexpr int PROC_REAP_KILL = 6;
constexpr int PROC_PDEATHSIG_CTL = 11;

constexpr unsigned REAPER_PIDINFO_VALID = 0x1;
constexpr unsigned REAPER_PIDINFO_ZOMBIE = 0x10;

struct procctl_reaper_status {
  unsigned rs_flags, rs_children, rs_descendants;
  pid_t rs_reaper, rs_pid;
};

struct procctl_reaper_pidinfo {
  pid_t pi_pid, pi_subtree;
  unsigned pi_flags;
};

struct procctl_reaper_pids {
  unsigned rp_count;
  procctl_reaper_pidinfo* rp_pids;
};

struct procctl_reaper_kill {
  int rk_sig;
  unsigned rk_flags;
  pid_t rk_subtree;
  unsigned rk_killed;
  pid_t rk_fpid;
};

// Calls `found` with each descendant of `root` and its state. Direct children come first.
template <class Found>
inline void shimDescendants(pid_t root, const Found& found) {
  DIR* directory = opendir("/proc");
  while (const dirent* entry = directory == nullptr ? nullptr : readdir(directory)) {
    char path[300], text[1024] = "", state = 0;
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
    FILE* file = atoi(entry->d_name) > 0 ? fopen(path, "r") : nullptr;
    if (file == nullptr) continue;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    const char* fields = strrchr(text, ')');
    if (fields == nullptr || sscanf(fields + 1, " %c %d", &state, &parent) != 2 || parent != root) continue;
    found(static_cast<pid_t>(atoi(entry->d_name)), state);
    shimDescendants(static_cast<pid_t>(atoi(entry->d_name)), found);
  }
  if (directory != nullptr) closedir(directory);
}

inline int procctl(idtype_t type, id_t id, int command, void* data) {
  const bool isSelf = id == 0 || id == static_cast<id_t>(getpid());
  if (type == P_PID && id == 0 && command == PROC_PDEATHSIG_CTL)
    return prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(*static_cast<int*>(data)), 0UL, 0UL, 0UL);
  if (type == P_PID && isSelf && command == PROC_REAP_ACQUIRE)
    return prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
  if (type == P_PID && isSelf && command == PROC_REAP_STATUS) {
    auto* status = static_cast<procctl_reaper_status*>(data);
    shimDescendants(getpid(), [&](pid_t, char) { status->rs_descendants++; });
    return 0;
  }
  if (type == P_PID && isSelf && command == PROC_REAP_GETPIDS) {
    auto* list = static_cast<procctl_reaper_pids*>(data);
    unsigned used = 0;
    shimDescendants(getpid(), [&](pid_t pid, char state) {
      if (used == list->rp_count) return;
      list->rp_pids[used++] = {pid, pid, REAPER_PIDINFO_VALID | (state == 'Z' ? REAPER_PIDINFO_ZOMBIE : 0)};
    });
    return 0;
  }
  if (type == P_PID && isSelf && command == PROC_REAP_KILL) {
    auto* request = static_cast<procctl_reaper_kill*>(data);
    shimDescendants(getpid(), [&](pid_t pid, char state) {
      if (state != 'Z' && kill(pid, request->rk_sig) == 0) request->rk_killed++;
    });
    return 0;
  }
  errno = EINVAL;
  return -1;
}
