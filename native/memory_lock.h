#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "failure.h"

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
