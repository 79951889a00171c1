#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "../common/failure.h"

// A memory file that is mapped into the address space: a fast way to read and write pages that exist. Pages
// that do not exist are not touched, because a read through the mapping would allocate them.
//
// The code that writes to the file and punches holes records which pages exist. When two threads do both at
// the same time, a record can be wrong. A wrong record costs time or memory, but never returns wrong bytes.
class MemoryMap {
 public:
  // Empty when the file is too large for the address space.
  static Outcome<std::unique_ptr<MemoryMap>> make(int fd, int64_t size);

  ~MemoryMap();
  MemoryMap(const MemoryMap&) = delete;

  // Both return false when a page of the range does not exist. The caller then uses the file.
  bool read(std::span<std::byte> into, int64_t offset) const;
  bool write(std::span<const std::byte> from, int64_t offset);

  // Call this after a write to the file: the pages of the range exist.
  void made(int64_t offset, int64_t length);
  // Call this before a hole is punched. Only pages that lie completely in the range are removed.
  void removing(int64_t offset, int64_t length);

 private:
  MemoryMap(std::byte* bytes, uint8_t* exists, size_t size);

  bool allExist(int64_t offset, size_t length) const;

  std::byte* bytes_;
  // One byte for each page.
  uint8_t* exists_;
  size_t size_;
};

inline int64_t numberOf(const std::unique_ptr<MemoryMap>& map) {
  return reinterpret_cast<intptr_t>(map.get());
}

// The same for JavaScript, which identifies a map by its address. All threads of the process share the maps.
// 0 means "no map".
Outcome<std::unique_ptr<MemoryMap>> makeMemoryMap(int fd, int64_t size);
Outcome<bool> readMemoryMap(size_t map, std::span<std::byte> buffer, size_t start, size_t end,
                            int64_t offset);
Outcome<bool> writeMemoryMap(size_t map, std::span<const std::byte> buffer, size_t start, size_t end,
                             int64_t offset);
Failure madeInMemoryMap(size_t map, int64_t offset, int64_t length);
Failure removingFromMemoryMap(size_t map, int64_t offset, int64_t length);
