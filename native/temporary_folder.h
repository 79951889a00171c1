#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "failure.h"

// A folder with all that is in it, which goes away with this object. Where the process ends first, it goes
// away too: at exit(), and when SIGHUP, SIGINT, SIGQUIT or SIGTERM end the process because the program does
// not handle them.
class TemporaryFolder {
 public:
  // `prefix` is where it is made, and how its name begins. Only this user can enter it.
  static Outcome<TemporaryFolder> make(std::string prefix);

  TemporaryFolder() = default;
  TemporaryFolder(TemporaryFolder&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~TemporaryFolder();

  std::string path() const;
  // Where it is noted.
  const void* get() const { return entry_; }
  explicit operator bool() const { return entry_ != nullptr; }

 private:
  struct Entry* entry_ = nullptr;
};

inline int64_t numberOf(const TemporaryFolder& folder) { return reinterpret_cast<intptr_t>(folder.get()); }

// Removes all such folders of the process, which ends now.
void removeTemporaryFolders();

// Sees to it that they go away when a signal ends the process. To be called again when the program has
// stopped handling a signal, which makes the system forget.
Failure removeFoldersOnSignals();

// Leaves the signals as they were: the code here may be unloaded.
void forgetSignals();
