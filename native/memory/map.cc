#include "map.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

// FreeBSD never reserves memory before its first use, and has no such flag.
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

namespace {

constexpr int64_t pageBytes = 4096;

// A part of the 2^47 bytes of a process's address space, so that there is room for several disks.
constexpr int64_t mappedMax = int64_t{1} << 43;

size_t pagesIn(size_t bytes) { return (bytes + pageBytes - 1) / pageBytes; }

}  // namespace

MemoryMap::MemoryMap(std::byte* bytes, uint8_t* exists, size_t size)
    : bytes_(bytes), exists_(exists), size_(size) {}

Outcome<std::unique_ptr<MemoryMap>> MemoryMap::make(int fd, int64_t size) {
  if (size == 0 || size > mappedMax) return {};
  const auto length = static_cast<size_t>(size);
  void* bytes = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (bytes == MAP_FAILED) return {{}, lastFailure("mmap")};
  void* exists = mmap(nullptr, pagesIn(length), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (exists == MAP_FAILED) {
    const Failure failure = lastFailure("mmap");
    munmap(bytes, length);
    return {{}, failure};
  }
  auto* map = new MemoryMap(static_cast<std::byte*>(bytes), static_cast<uint8_t*>(exists), length);
  return {std::unique_ptr<MemoryMap>(map), {}};
}

MemoryMap::~MemoryMap() {
  munmap(bytes_, size_);
  munmap(exists_, pagesIn(size_));
}

bool MemoryMap::allExist(int64_t offset, size_t length) const {
  const size_t first = static_cast<size_t>(offset / pageBytes);
  const size_t end = pagesIn(static_cast<size_t>(offset) + length);
  return std::memchr(exists_ + first, 0, end - first) == nullptr;
}

bool MemoryMap::read(std::span<std::byte> into, int64_t offset) const {
  if (!allExist(offset, into.size())) return false;
  std::memcpy(into.data(), bytes_ + offset, into.size());
  return true;
}

bool MemoryMap::write(std::span<const std::byte> from, int64_t offset) {
  if (!allExist(offset, from.size())) return false;
  std::memcpy(bytes_ + offset, from.data(), from.size());
  return true;
}

void MemoryMap::made(int64_t offset, int64_t length) {
  const size_t first = static_cast<size_t>(offset / pageBytes);
  const size_t end = pagesIn(static_cast<size_t>(offset + length));
  std::memset(exists_ + first, 1, end - first);
}

void MemoryMap::removing(int64_t offset, int64_t length) {
  const size_t first = pagesIn(static_cast<size_t>(offset));
  const int64_t end = offset + length;
  // A last page that the end of the file cuts off counts as completely in the range.
  const size_t last =
      end == static_cast<int64_t>(size_) ? pagesIn(size_) : static_cast<size_t>(end / pageBytes);
  if (last > first) std::memset(exists_ + first, 0, last - first);
}

static MemoryMap& mapAt(size_t address) { return *reinterpret_cast<MemoryMap*>(address); }

Outcome<std::unique_ptr<MemoryMap>> makeMemoryMap(int fd, int64_t size) { return MemoryMap::make(fd, size); }

Outcome<bool> readMemoryMap(size_t map, std::span<std::byte> buffer, size_t start, size_t end,
                            int64_t offset) {
  if (start > end || end > buffer.size()) return {false, {ERANGE, "read"}};
  return {mapAt(map).read(buffer.subspan(start, end - start), offset), {}};
}

Outcome<bool> writeMemoryMap(size_t map, std::span<const std::byte> buffer, size_t start, size_t end,
                             int64_t offset) {
  if (start > end || end > buffer.size()) return {false, {ERANGE, "write"}};
  return {mapAt(map).write(buffer.subspan(start, end - start), offset), {}};
}

Failure madeInMemoryMap(size_t map, int64_t offset, int64_t length) {
  mapAt(map).made(offset, length);
  return {};
}

Failure removingFromMemoryMap(size_t map, int64_t offset, int64_t length) {
  mapAt(map).removing(offset, length);
  return {};
}
