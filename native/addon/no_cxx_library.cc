// Replaces the C++ library: this file defines everything that the addon needs from the library beyond its
// headers. The C++ library differs between systems, so each shipped file would have to contain a copy. The
// copy would be half of the file and take a minute to compile.

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

// The members of std::string that headers only declare.
template class std::basic_string<char>;

namespace {

void* allocate(size_t size) {
  // malloc(0) may return a null pointer, which would look like a failure.
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

// Called where the library's headers would throw an exception, for example for a string that is too long.
void std::__libcpp_verbose_abort(const char* format, ...) noexcept {
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::abort();
}

// Referenced by virtual function tables of abstract classes.
extern "C" void __cxa_pure_virtual() { std::abort(); }
