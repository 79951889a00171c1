// Linux has no call that signals a whole process tree, so this file reads the tree from /proc. A signal that
// a process can handle is sent while the tree is stopped. The tree is stopped from the top down, so that no
// process can start another one meanwhile.
//
// A process that starts another one and ends at once may do so again and again, faster than the whole tree is
// read. Each of them becomes a child of this process when its parent ends, and the kernel lists our children
// in one short file: SIGKILL is first sent to these, until none is new.
//
// Without /proc, waitid(2) reports for each process id whether it is a child of this process. That shows only
// direct children. A child that ends leaves its own children to this process, so repeated SIGKILLs reach all
// descendants. The kernel assigns ids in increasing order and wraps around, so the descendants have ids
// between ours and the latest one. All ids are tried only when there is no child in that range and some child
// exists: that takes some seconds.

#include "descendants.h"

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/fd.h"
#include "process_list.h"

namespace {

// The kernel's upper limit (PID_MAX_LIMIT), and the usual limit. The actual limit is in /proc, which is
// missing.
constexpr pid_t lastPid = 4194304;
constexpr pid_t lastPidUsual = 32768;

// A process takes a moment to stop. A process that does not stop within this time waits for a disk, for
// example.
constexpr int stopWaitMs = 200;
// Each round stops the processes that unstopped processes have started. Only a fork bomb needs this many
// rounds.
constexpr int stopRoundsMax = 50;

// Rounds of the chase after children. It goes on when this function is called again.
constexpr int chaseRoundsMax = 200;

void pause1ms() {
  const timespec time{0, 1000000};
  nanosleep(&time, nullptr);
}

void sweep(pid_t first, pid_t last, ProcessList& children) {
  for (pid_t pid = first; pid <= last; pid++) {
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0) continue;
    if (info.si_pid == 0) children.add({pid, getpid(), 'R', 0});
  }
}

pid_t latestPid() {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  if (pid == -1) return lastPid;
  while (waitpid(pid, nullptr, 0) == -1 && errno == EINTR) {
  }
  return pid;
}

// waitid reports a zombie first. The caller asks again later then.
bool hasOnlyRunningChildren() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

void listWithoutProc(ProcessList& children) {
  const pid_t latest = latestPid();
  if (latest > getpid()) {
    sweep(getpid() + 1, latest, children);
  } else {
    sweep(getpid() + 1, lastPidUsual, children);
    sweep(2, latest, children);
  }
  if (children.size() == 0 && hasOnlyRunningChildren()) sweep(2, lastPid, children);
}

// Reads the ids of our children; returns false when the kernel has no list of them (CONFIG_PROC_CHILDREN).
bool readChildren(char* text, size_t bytes) {
  const UniqueFd fd(open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC));
  const ssize_t length = fd ? read(fd.get(), text, bytes - 1) : -1;
  if (length < 0) return false;
  text[length] = 0;
  return true;
}

// Kills our children until the list has none that was not killed yet. A child keeps its id until we wait for
// it, so the ids that were seen are those of killed children.
void killChildren() {
  char text[4096];
  ProcessList killed;
  for (int round = 0; round < chaseRoundsMax && readChildren(text, sizeof text); round++) {
    bool isNew = false;
    for (char* at = text; *at != 0;) {
      char* end = at;
      const auto pid = static_cast<pid_t>(strtol(at, &end, 10));
      if (end == at) break;
      at = end;
      // The buffer may have cut the last id in two. The next round reads it again.
      if (*end != ' ' || killed.findId(pid)) continue;
      kill(pid, SIGKILL);
      killed.add({pid, getpid(), 'R', 0});
      isNew = true;
    }
    if (!isNew) return;
  }
}

// Leaves out zombies: signals have no effect on them.
void listDescendants(ProcessList& tree) {
  ProcessList all;
  tree.clear();
  if (!listProcesses(all)) return listWithoutProc(tree);
  const pid_t self = getpid();
  // The list grows during the loop: first our children, then their children.
  for (const Process& one : all) {
    if (one.parent == self && !one.hasEnded()) tree.add(one);
  }
  for (size_t index = 0; index < tree.size(); index++) {
    for (const Process& one : all) {
      if (one.parent == tree[index].pid && !one.hasEnded() && !tree.findId(one.pid)) tree.add(one);
    }
  }
}

// Sends through a pidfd, so the signal cannot reach another process that has reused the id.
bool send(const Process& process, int signal) {
  // The id of a child is not reused until we have waited for the child.
  if (process.parent == getpid()) return kill(process.pid, signal) == 0;
  const UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
  // Linux before 5.3 has no pidfds.
  if (!fd) return errno == ENOSYS && kill(process.pid, signal) == 0;
  Process now;
  if (!readProcess(process.pid, now) || !now.isSame(process)) return false;
  return syscall(SYS_pidfd_send_signal, fd.get(), signal, nullptr, 0) == 0;
}

int sendAll(const ProcessList& processes, int signal) {
  int reached = 0;
  for (const Process& one : processes) reached += send(one, signal) ? 1 : 0;
  return reached;
}

// Whether all these processes, which got SIGSTOP, have stopped or ended.
bool haveStopped(const ProcessList& signalled) {
  for (const Process& one : signalled) {
    Process now;
    if (readProcess(one.pid, now) && now.isSame(one) && !now.hasStopped() && !now.hasEnded()) return false;
  }
  return true;
}

// Stops all descendants. Fills `stopped` with the processes that got SIGSTOP.
void stopDescendants(ProcessList& stopped) {
  ProcessList tree;
  for (int round = 0; round < stopRoundsMax; round++) {
    bool isNew = false;
    listDescendants(tree);
    for (const Process& one : tree) {
      if (stopped.find(one) != nullptr || !send(one, SIGSTOP)) continue;
      stopped.add(one);
      isNew = true;
    }
    if (!isNew) return;
    for (int waited = 0; waited < stopWaitMs && !haveStopped(stopped); waited++) pause1ms();
  }
}

}  // namespace

Failure adoptOrphans() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL) == 0) return {};
  return lastFailure("prctl");
}

int signalDescendants(int signal) {
  ProcessList tree;
  if (signal == SIGKILL) {
    killChildren();
    listDescendants(tree);
    return sendAll(tree, signal);
  }
  stopDescendants(tree);
  const int reached = sendAll(tree, signal);
  // The pending signals take effect when the processes continue.
  sendAll(tree, SIGCONT);
  return reached;
}

bool canSeeDescendants() {
  ProcessList all;
  return listProcesses(all);
}

int countReachable() {
  ProcessList tree;
  listDescendants(tree);
  return sendAll(tree, 0);
}
