#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "../common/failure.h"

// A folder that is removed with its content when this object is destroyed. If the process ends first, the
// folder is removed at exit(), and when SIGHUP, SIGINT, SIGQUIT, SIGTERM or SIGUSR1 end the process because
// the program does not handle the signal.
class TemporaryFolder {
 public:
  // `prefix` is the parent folder and the beginning of the name. Only the current user has access to the
  // folder.
  static Outcome<TemporaryFolder> make(std::string prefix);

  TemporaryFolder() = default;
  TemporaryFolder(TemporaryFolder&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~TemporaryFolder();

  std::string path() const;
  // The entry in the list of folders to remove.
  const void* get() const { return entry_; }
  explicit operator bool() const { return entry_ != nullptr; }

 private:
  struct Entry* entry_ = nullptr;
};

inline int64_t numberOf(const TemporaryFolder& folder) { return reinterpret_cast<intptr_t>(folder.get()); }

// Removes all temporary folders of the process. Call it when the process ends.
void removeTemporaryFolders();

// Installs signal handlers that remove the folders when a signal ends the process. Call it again after the
// program has stopped handling a signal, because that resets the handler.
Failure removeFoldersOnSignals();

// Restores the previous signal handlers, because the code of this addon may be unloaded.
void forgetSignals();
