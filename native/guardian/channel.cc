#include "channel.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

// Every system limits a command line to less than this.
static constexpr uint32_t lengthMax = 16 * 1024 * 1024;
static constexpr size_t headerLength = 5;

Channel::~Channel() { free(text_); }

bool Channel::fill(char* into, size_t length) {
  while (length > 0) {
    const ssize_t got = read(requests_.get(), into, length);
    if (got == -1 && errno == EINTR) continue;
    if (got <= 0) return false;
    into += got;
    length -= static_cast<size_t>(got);
  }
  return true;
}

bool Channel::receive(Message& message) {
  char header[headerLength];
  if (!fill(header, sizeof header)) return false;
  uint32_t length = 0;
  for (size_t index = headerLength - 1; index > 0; index--) {
    length = length << 8 | static_cast<unsigned char>(header[index]);
  }
  if (length > lengthMax) return false;
  free(text_);
  text_ = static_cast<char*>(malloc(length + 1));
  if (text_ == nullptr || !fill(text_, length)) return false;
  text_[length] = 0;
  message = {header[0], text_};
  return true;
}

void Channel::send(char kind, const char* text) {
  // An answer is a path or a few numbers.
  char bytes[headerLength + 4096];
  const size_t length = strnlen(text, sizeof bytes - headerLength);
  bytes[0] = kind;
  for (size_t index = 0; index < headerLength - 1; index++) {
    bytes[index + 1] = static_cast<char>(length >> (8 * index) & 0xff);
  }
  memcpy(bytes + headerLength, text, length);
  // A pipe takes this few bytes in one write. SIGPIPE is blocked.
  while (write(answers_.get(), bytes, headerLength + length) == -1 && errno == EINTR) {
  }
}
