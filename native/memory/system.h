#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "../common/failure.h"
#include "../common/fd.h"

// What systems do with memory in different ways. linux.cc, freebsd.cc, darwin.cc and other.cc implement it,
// together with the files that several of them share: file_lock.cc and posix.cc.

extern const bool canCreateMemoryFile;

// An empty file in memory without a path. `name` appears only in debugging tools.
Outcome<UniqueFd> createMemoryFile(const std::string& name);

extern const bool canLockMemory;

// Keeps all pages of a memory file in RAM, never in swap, during the lifetime of this object.
class MemoryLock {
 public:
  MemoryLock() = default;
  // Takes ownership of a mapping of the file whose pages are locked.
  MemoryLock(void* mapping, size_t size) : mapping_(mapping), size_(size) {}
  MemoryLock(MemoryLock&& other) noexcept
      : mapping_(std::exchange(other.mapping_, nullptr)), size_(other.size_) {}
  MemoryLock& operator=(MemoryLock&& other) noexcept {
    std::swap(mapping_, other.mapping_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MemoryLock();

  void* get() const { return mapping_; }
  explicit operator bool() const { return mapping_ != nullptr; }

 private:
  void* mapping_ = nullptr;
  size_t size_ = 0;
};

inline int64_t numberOf(const MemoryLock& lock) { return reinterpret_cast<intptr_t>(lock.get()); }

Outcome<MemoryLock> lockMemoryFile(int fd, int64_t size);

// Locks all current and future memory of this process in RAM, so that none of it is swapped out.
Failure lockAllMemory();

// Removes the limit of locked memory. Only root can do that, so call it before the process changes its user.
Failure unlimitLockedMemory();

// Lets V8 run in a process whose memory is locked (mlockall(2)). V8 returns unused pages to the kernel with
// madvise(2). Linux refuses that in locked memory, and V8 then aborts the process at some garbage collection.
// Linux has another advice for locked memory (MADV_DONTNEED_LOCKED), but V8 has no option to use it. So this
// function replaces madvise in the import tables of this process.
Failure allowDiscards();
