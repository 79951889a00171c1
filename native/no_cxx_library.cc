// In place of a C++ library: all that the addon uses of one beyond its headers. Each system has a library of
// its own, so the files that are shipped would each bring one, which is half of such a file, and takes a
// minute to compile.

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

// Its members that headers only declare.
template class std::basic_string<char>;

namespace {

void* allocate(size_t size) {
  // Of no bytes there is no second result that could be told from "no memory".
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::fputs("nbdkit: out of memory\n", stderr);
  std::abort();
}

}  // namespace

void* operator new(size_t size) { return allocate(size); }
void* operator new[](size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

// Where the headers would throw, as for a string of impossible length.
void std::__libcpp_verbose_abort(const char* format, ...) noexcept {
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::abort();
}

// In tables of virtual functions, where a class leaves one to others.
extern "C" void __cxa_pure_virtual() { std::abort(); }
