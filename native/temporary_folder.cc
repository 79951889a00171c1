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

// A folder that is to be removed. Threads and signal handlers look at these without locks, so an entry is
// never freed but used again, and the one that takes the path out of it removes the folder.
struct Entry {
  std::atomic<char*> path;
  Entry* next;
};

namespace {

std::atomic<Entry*> entries;

// A process that was forked and has not become another program yet must not remove what is its parent's.
pid_t owner;

// What ends a process that does not handle it, and has a reason outside of it. Node handles SIGUSR1, but a
// server takes that handler away before it ends by this signal.
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
  // Deepest first, over file systems and links that a script may have put there without following them.
  constexpr int openFolders = 16;
  nftw(path, removeOne, openFolders, FTW_DEPTH | FTW_PHYS);
}

// nftw() may not be called in a signal handler. vfork() and exec may.
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

// Puts things right, and lets the signal do what it would have done.
void onSignal(int number) {
  removeAll(removeTreeInHandler);
  sigaction(number, &beforeOurs[number], nullptr);
  raise(number);
}

// Node has handlers for some signals that restore the terminal, and then end the process: it installs them
// for one use, unlike those of a program that goes on.
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
  // So that another copy of the addon knows that this one ends the process as well.
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
  // A signal may have taken it just now.
  const char* const path = entry_->path;
  return path == nullptr ? "" : path;
}

// At exit(), or when the last environment has ended and nothing is left.
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
