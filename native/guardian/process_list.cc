#include "process_list.h"

#include <cctype>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "../common/fd.h"

void ProcessList::add(const Process& process) {
  if (size_ == room_) {
    room_ = room_ == 0 ? 64 : 2 * room_;
    first_ = static_cast<Process*>(realloc(first_, room_ * sizeof(Process)));
    if (first_ == nullptr) abort();
  }
  first_[size_++] = process;
}

const Process* ProcessList::find(const Process& process) const {
  for (const Process& one : *this) {
    if (one.isSame(process)) return &one;
  }
  return nullptr;
}

const Process* ProcessList::findId(pid_t pid) const {
  for (const Process& one : *this) {
    if (one.pid == pid) return &one;
  }
  return nullptr;
}

bool readProcess(pid_t pid, Process& process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/stat", static_cast<long>(pid));
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  if (!fd) return false;
  char text[1024];
  const ssize_t length = read(fd.get(), text, sizeof text - 1);
  if (length <= 0) return false;
  text[length] = 0;
  // The process name stands in parentheses and may itself contain parentheses.
  const char* fields = strrchr(text, ')');
  if (fields == nullptr) return false;
  long parent = 0;
  // proc(5): field 3 is the state, 4 is ppid, 22 is starttime.
  const int found =
      sscanf(fields + 1, " %c %ld %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
             &process.state, &parent, &process.started);
  process.pid = pid;
  process.parent = static_cast<pid_t>(parent);
  return found == 3;
}

// A mount of /proc belongs to one PID namespace. In another namespace its ids mean other processes.
static bool isOurProc() {
  char target[32];
  const ssize_t length = readlink("/proc/self", target, sizeof target - 1);
  if (length <= 0) return false;
  target[length] = 0;
  return atol(target) == static_cast<long>(getpid());
}

bool listProcesses(ProcessList& all) {
  all.clear();
  if (!isOurProc()) return false;
  DIR* directory = opendir("/proc");
  if (directory == nullptr) return false;
  while (const dirent* entry = readdir(directory)) {
    Process process;
    if (isdigit(static_cast<unsigned char>(entry->d_name[0])) == 0) continue;
    if (readProcess(static_cast<pid_t>(atol(entry->d_name)), process)) all.add(process);
  }
  closedir(directory);
  return true;
}
