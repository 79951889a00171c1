#pragma once

// Implements F_PUNCHHOLE of macOS and fspacectl(2) of FreeBSD with fallocate(2).
#include_next <fcntl.h>

#include <cerrno>
#include <sys/types.h>

// Some headers include this one inside extern "C".
extern "C++" {

constexpr int F_PUNCHHOLE = 99;
constexpr int SPACECTL_DEALLOC = 1;
// APFS requires this alignment of both ends of a hole.
constexpr off_t shimBlockBytes = 4096;

struct fpunchhole_t {
  unsigned fp_flags;
  unsigned reserved;
  off_t fp_offset;
  off_t fp_length;
};

struct spacectl_range {
  off_t r_offset;
  off_t r_len;
};

inline int shimPunch(int fd, off_t offset, off_t length) {
  return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

// An overload of the C function, which accepts all other arguments.
inline int fcntl(int fd, int command, fpunchhole_t* hole) {
  if (command == F_PUNCHHOLE && hole->fp_offset % shimBlockBytes == 0 && hole->fp_length % shimBlockBytes == 0) {
    return shimPunch(fd, hole->fp_offset, hole->fp_length);
  }
  errno = EINVAL;
  return -1;
}

// Processes half of a large range and reports the rest, as FreeBSD may do.
inline int fspacectl(int fd, int command, const spacectl_range* range, int flags, spacectl_range* left) {
  if (command != SPACECTL_DEALLOC || flags != 0 || range->r_len <= 0) {
    errno = EINVAL;
    return -1;
  }
  const off_t offset = range->r_offset;
  const off_t length = range->r_len;
  const off_t done = length > shimBlockBytes ? length / 2 : length;
  *left = {offset + done, length - done};
  return shimPunch(fd, offset, done);
}

}  // extern "C++"
