#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "failure.h"

// A memory file in the address space: a quick way to those of its pages that exist. The others are left
// alone, since to look at one would make it. Which ones exist is noted by those who make and remove them; a
// note that is wrong, as when two threads do both at once, costs time or memory, and never the right bytes.
class MemoryMap {
 public:
  // Empty when the file is too large for the address space.
  static Outcome<std::unique_ptr<MemoryMap>> make(int fd, int64_t size);

  ~MemoryMap();
  MemoryMap(const MemoryMap&) = delete;

  // False when a page of the range does not exist; the file knows what is there then.
  bool read(std::span<std::byte> into, int64_t offset) const;
  bool write(std::span<const std::byte> from, int64_t offset);

  // Something was written to the file: the pages of the range exist.
  void made(int64_t offset, int64_t length);
  // They are about to be removed, as far as they lie whole in the range.
  void removing(int64_t offset, int64_t length);

 private:
  MemoryMap(std::byte* bytes, uint8_t* exists, size_t size);

  bool allExist(int64_t offset, size_t length) const;

  std::byte* bytes_;
  // One for each page.
  uint8_t* exists_;
  size_t size_;
};

inline int64_t numberOf(const std::unique_ptr<MemoryMap>& map) {
  return reinterpret_cast<intptr_t>(map.get());
}

// The same for JavaScript, where a map is its address, which all threads of the process share; 0 is no map.
Outcome<std::unique_ptr<MemoryMap>> makeMemoryMap(int fd, int64_t size);
Outcome<bool> readMemoryMap(size_t map, std::span<std::byte> buffer, size_t start, size_t end,
                            int64_t offset);
Outcome<bool> writeMemoryMap(size_t map, std::span<const std::byte> buffer, size_t start, size_t end,
                             int64_t offset);
Failure madeInMemoryMap(size_t map, int64_t offset, int64_t length);
Failure removingFromMemoryMap(size_t map, int64_t offset, int64_t length);
