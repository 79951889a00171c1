#include "temporary_folder.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// A folder to remove. Threads and signal handlers access the entries without locks, so an entry is never
// freed but reused. The code that takes the path out of an entry removes the folder.
struct Entry {
  std::atomic<char*> path;
  Entry* next;
};

namespace {

std::atomic<Entry*> entries;

// The process that created the folders. A forked child that has not called exec yet must not remove them.
pid_t owner;

// Signals that come from outside and end a process that does not handle them. Node.js handles SIGUSR1, but a
// server removes that handler before it ends by this signal.
constexpr int endingSignals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
struct sigaction beforeOurs[NSIG];

Entry* note(char* path) {
  for (Entry* entry = entries; entry != nullptr; entry = entry->next) {
    char* free = nullptr;
    if (entry->path.compare_exchange_strong(free, path)) return entry;
  }
  auto* entry = new Entry{path, entries};
  while (!entries.compare_exchange_weak(entry->next, entry)) {
  }
  return entry;
}

int removeOne(const char* path, const struct stat*, int, FTW*) { return remove(path); }

void removeTree(const char* path) {
  // Deletes the deepest entries first. Crosses file systems and does not follow symbolic links, because a
  // script may have created both.
  constexpr int openFolders = 16;
  nftw(path, removeOne, openFolders, FTW_DEPTH | FTW_PHYS);
}

// nftw() is not allowed in a signal handler. vfork() and exec are.
void removeTreeInHandler(const char* path) {
  const pid_t pid = vfork();
  if (pid == 0) {
    execl("/bin/rm", "rm", "-rf", "--", path, static_cast<char*>(nullptr));
    _exit(1);
  }
  if (pid > 0) waitpid(pid, nullptr, 0);
}

void removeAll(void (*removeFolder)(const char*)) {
  if (getpid() != owner) return;
  for (Entry* entry = entries; entry != nullptr; entry = entry->next) {
    if (const char* path = entry->path.exchange(nullptr)) removeFolder(path);
  }
}

// Removes the folders, restores the previous handler, and raises the signal again.
void onSignal(int number) {
  removeAll(removeTreeInHandler);
  sigaction(number, &beforeOurs[number], nullptr);
  raise(number);
}

// Node.js handles some signals by restoring the terminal and ending the process. Those handlers are installed
// for one use (SA_RESETHAND). The handlers of a program that continues after the signal are not.
bool endsProcess(const struct sigaction& action) {
  if (action.sa_handler == SIG_IGN || action.sa_handler == onSignal) return false;
  return action.sa_handler == SIG_DFL || (action.sa_flags & SA_RESETHAND) != 0;
}

Failure catchSignal(int number) {
  struct sigaction current;
  if (sigaction(number, nullptr, &current) != 0) return lastFailure("sigaction");
  if (!endsProcess(current)) return {};
  beforeOurs[number] = current;
  struct sigaction ours {};
  ours.sa_handler = onSignal;
  // SA_RESETHAND shows another copy of the addon that this handler also ends the process.
  ours.sa_flags = SA_RESETHAND;
  sigfillset(&ours.sa_mask);
  return sigaction(number, &ours, nullptr) == 0 ? Failure{} : lastFailure("sigaction");
}

}  // namespace

Outcome<TemporaryFolder> TemporaryFolder::make(std::string prefix) {
  if (const Failure failure = removeFoldersOnSignals()) return {{}, failure};
  char* const path = strdup((prefix + "XXXXXX").c_str());
  if (path == nullptr) return {{}, lastFailure("strdup")};
  if (mkdtemp(path) == nullptr) {
    const Failure failure = lastFailure("mkdtemp");
    free(path);
    return {{}, failure};
  }
  TemporaryFolder folder;
  folder.entry_ = note(path);
  return {std::move(folder), {}};
}

TemporaryFolder::~TemporaryFolder() {
  if (entry_ == nullptr) return;
  char* const path = entry_->path.exchange(nullptr);
  if (path == nullptr) return;
  removeTree(path);
  free(path);
}

std::string TemporaryFolder::path() const {
  // A signal handler may have just taken the path.
  const char* const path = entry_->path;
  return path == nullptr ? "" : path;
}

// Runs at exit(), or when the last environment has ended and the addon is unloaded.
[[gnu::destructor]] void removeTemporaryFolders() { removeAll(removeTree); }

Failure removeFoldersOnSignals() {
  owner = getpid();
  for (const int number : endingSignals) {
    if (const Failure failure = catchSignal(number)) return failure;
  }
  return {};
}

void forgetSignals() {
  for (const int number : endingSignals) {
    struct sigaction current;
    if (sigaction(number, nullptr, &current) != 0 || current.sa_handler != onSignal) continue;
    sigaction(number, &beforeOurs[number], nullptr);
  }
}
