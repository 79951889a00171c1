// The fixed newstyle handshake. Client and server both leave out the zeroes, and any export name is accepted.
#include <endian.h>
#include <sys/socket.h>

#include "floor.h"

enum { OPTION_BYTES_MAX = 8192 };
enum { EXPORT_NAME = 1, ABORT = 2, GO = 7, STRUCTURED_REPLY = 8 };
enum { ACKNOWLEDGED = 1, INFO = 3 };
static const uint32_t unsupported = 0x80000001;
static const uint16_t transmission_flags = 1 | 4 | 8 | 256;  // Flush, FUA, several connections

static bool send_all(int fd, const void* bytes, size_t length) {
  return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static bool receive_all(int fd, void* into, size_t length) {
  return length == 0 || recv(fd, into, length, MSG_WAITALL) == (ssize_t)length;
}

static bool answer(int fd, uint32_t option, uint32_t type, const void* data, uint32_t length) {
  struct __attribute__((packed)) {
    uint64_t magic;
    uint32_t option, type, length;
  } header = {htobe64(0x3e889045565a9), htobe32(option), htobe32(type), htobe32(length)};
  return send_all(fd, &header, sizeof header) && send_all(fd, data, length);
}

static bool send_export(int fd, uint32_t option, uint64_t size) {
  struct __attribute__((packed)) {
    uint16_t type;
    uint64_t size;
    uint16_t flags;
  } info = {0, htobe64(size), htobe16(transmission_flags)};
  if (option == EXPORT_NAME) return send_all(fd, &info.size, sizeof info - sizeof info.type);
  return answer(fd, GO, INFO, &info, sizeof info) && answer(fd, GO, ACKNOWLEDGED, "", 0);
}

bool shake_hands(int fd, const struct disk* disk, bool* structured) {
  const char greeting[18] = "NBDMAGICIHAVEOPT\0\3";
  uint32_t client_flags;
  if (!send_all(fd, greeting, sizeof greeting)) return false;
  if (!receive_all(fd, &client_flags, sizeof client_flags)) return false;
  for (;;) {
    struct __attribute__((packed)) {
      uint64_t magic;
      uint32_t option, length;
    } header;
    uint8_t data[OPTION_BYTES_MAX];
    if (!receive_all(fd, &header, sizeof header)) return false;
    uint32_t option = be32toh(header.option), length = be32toh(header.length);
    if (length > sizeof data || !receive_all(fd, data, length)) return false;
    if (option == EXPORT_NAME || option == GO) return send_export(fd, option, disk->size);
    if (option == STRUCTURED_REPLY) *structured = true;
    bool known = option == STRUCTURED_REPLY || option == ABORT;
    if (!answer(fd, option, known ? ACKNOWLEDGED : unsupported, "", 0) || option == ABORT) return false;
  }
}
