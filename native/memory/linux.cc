#include <cstdint>
#include <cstring>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include "system.h"

const bool canCreateMemoryFile = true;

// Since Linux 6.3 a memory file can be marked as not executable. Older headers lack the name of the flag.
static constexpr unsigned noExecSeal = 0x8;

Outcome<UniqueFd> createMemoryFile(const std::string& name) {
  int fd = memfd_create(name.c_str(), MFD_CLOEXEC | noExecSeal);
  if (fd < 0 && errno == EINVAL) fd = memfd_create(name.c_str(), MFD_CLOEXEC);
  if (fd < 0) return {UniqueFd(), lastFailure("memfd_create")};
  return {UniqueFd(fd), {}};
}

namespace {

// MADV_DONTNEED_LOCKED of Linux 5.18. Older headers lack the name.
constexpr int dontNeedLocked = 24;

// Before Linux 5.18 the pages stay in memory. That is harmless: V8 writes to discarded pages before it reads
// them.
int madviseLocked(void* address, size_t length, int advice) noexcept {
  const int result = madvise(address, length, advice);
  const bool discards = advice == MADV_DONTNEED || advice == MADV_FREE;
  if (result == 0 || errno != EINVAL || !discards) return result;
  madvise(address, length, dontNeedLocked);
  return 0;
}

// The imported functions of one loaded object, from its dynamic section.
struct Imports {
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  const ElfW(Rela) * tables[2] = {};
  size_t bytes[2] = {};
};

Imports importsOf(const ElfW(Dyn) * entry, ElfW(Addr) base) {
  Imports imports;
  // glibc makes these pointers absolute, musl leaves them relative.
  const auto pointer = [&]<class T>(const T*& out) {
    const ElfW(Addr) value = entry->d_un.d_ptr;
    out = reinterpret_cast<const T*>(value < base ? base + value : value);
  };
  for (; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_SYMTAB) pointer(imports.symbols);
    if (entry->d_tag == DT_STRTAB) pointer(imports.names);
    if (entry->d_tag == DT_JMPREL) pointer(imports.tables[0]);
    if (entry->d_tag == DT_PLTRELSZ) imports.bytes[0] = entry->d_un.d_val;
    if (entry->d_tag == DT_RELA) pointer(imports.tables[1]);
    if (entry->d_tag == DT_RELASZ) imports.bytes[1] = entry->d_un.d_val;
  }
  return imports;
}

// The dynamic loader may have made the import table read-only after filling it (RELRO).
Failure redirect(ElfW(Addr) place) {
  const auto pageSize = static_cast<ElfW(Addr)>(sysconf(_SC_PAGESIZE));
  void* page = reinterpret_cast<void*>(place & ~(pageSize - 1));
  if (mprotect(page, pageSize, PROT_READ | PROT_WRITE) != 0) return lastFailure("mprotect");
  *reinterpret_cast<decltype(&madvise)*>(place) = madviseLocked;
  return {};
}

Failure redirectIn(const Imports& imports, ElfW(Addr) base) {
  if (imports.symbols == nullptr || imports.names == nullptr) return {};
  for (size_t table = 0; table < 2; table++) {
    const size_t count = imports.bytes[table] / sizeof(ElfW(Rela));
    for (size_t i = 0; i < count; i++) {
      const ElfW(Rela)& import = imports.tables[table][i];
      const ElfW(Sym)& symbol = imports.symbols[ELF64_R_SYM(import.r_info)];
      if (strcmp(imports.names + symbol.st_name, "madvise") != 0) continue;
      if (const Failure failure = redirect(base + import.r_offset)) return failure;
    }
  }
  return {};
}

// True for this addon itself. Its own madvise call must reach the kernel.
bool holdsThisCode(const dl_phdr_info& object) {
  const auto here = reinterpret_cast<ElfW(Addr)>(&madviseLocked);
  for (size_t i = 0; i < object.dlpi_phnum; i++) {
    const ElfW(Phdr)& part = object.dlpi_phdr[i];
    if (part.p_type == PT_LOAD && here - object.dlpi_addr - part.p_vaddr < part.p_memsz) return true;
  }
  return false;
}

int redirectObject(dl_phdr_info* object, size_t, void* failure) {
  if (holdsThisCode(*object)) return 0;
  for (size_t i = 0; i < object->dlpi_phnum; i++) {
    if (object->dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const ElfW(Addr) base = object->dlpi_addr;
    const auto* entries = reinterpret_cast<const ElfW(Dyn)*>(base + object->dlpi_phdr[i].p_vaddr);
    *static_cast<Failure*>(failure) = redirectIn(importsOf(entries, base), base);
  }
  return static_cast<Failure*>(failure)->number;
}

}  // namespace

Failure allowDiscards() {
  // This code knows the relocation tables of 64-bit programs only.
  if (sizeof(void*) != 8) return notSupported("mlockall");
  Failure failure;
  dl_iterate_phdr(redirectObject, &failure);
  return failure;
}
