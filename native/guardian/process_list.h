#pragma once

#include <cstdlib>
#include <sys/types.h>

// A process as /proc shows it. The start time distinguishes two processes that have used the same id.
struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = 0;
  unsigned long long started = 0;

  bool isSame(const Process& other) const { return pid == other.pid && started == other.started; }
  bool hasEnded() const { return state == 'Z' || state == 'X'; }
  bool hasStopped() const { return state == 'T' || state == 't'; }
};

// A growable list of processes. Not std::vector, because the guardian links no C++ library.
class ProcessList {
 public:
  ProcessList() = default;
  ~ProcessList() { free(first_); }
  ProcessList(const ProcessList&) = delete;
  ProcessList& operator=(const ProcessList&) = delete;

  const Process* begin() const { return first_; }
  const Process* end() const { return first_ + size_; }
  size_t size() const { return size_; }
  const Process& operator[](size_t index) const { return first_[index]; }
  void clear() { size_ = 0; }
  // Ends the process when there is no memory left: the other guardian takes over.
  void add(const Process& process);
  const Process* find(const Process& process) const;
  const Process* findId(pid_t pid) const;

 private:
  Process* first_ = nullptr;
  size_t size_ = 0;
  size_t room_ = 0;
};

// Fills `all` with the running processes. Returns false when /proc is missing or belongs to another PID
// namespace.
bool listProcesses(ProcessList& all);

// Reads one process again. Returns false when it has ended.
bool readProcess(pid_t pid, Process& process);
