//   floor SOCKET FILE [BUSY_POLL_US]     with LISTEN_FDS the socket is descriptor 3 (socket activation)
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "floor.h"

enum { CONNECTIONS_MAX = 256 };

static struct connection* connections[CONNECTIONS_MAX];
// The first entry is the listening socket.
static struct pollfd polled[CONNECTIONS_MAX + 1];
static int count;

static void die(const char* what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(1);
}

static struct disk open_disk(const char* path) {
  struct stat status;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) != 0) die(path);
  // MAP_POPULATE maps all pages now, so that requests cause no page faults later.
  int flags = MAP_SHARED | MAP_POPULATE;
  void* bytes = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (bytes == MAP_FAILED) die("mapping the disk");
  return (struct disk){bytes, status.st_size};
}

static int open_socket(const char* path) {
  if (getenv("LISTEN_FDS") != NULL) return 3;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof address) != 0 || listen(fd, 128) != 0) die(path);
  return fd;
}

static uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

// Busy-polls for `busy_us` microseconds before it sleeps. 0 turns that off.
static void wait_for_events(uint64_t busy_us) {
  uint64_t end = busy_us == 0 ? 0 : now_us() + busy_us;
  while (end != 0 && now_us() < end) {
    if (poll(polled, count + 1, 0) != 0) return;
  }
  poll(polled, count + 1, -1);
}

static void accept_client(const struct disk* disk) {
  bool structured = false;
  int fd = accept4(polled[0].fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) die("accept");
  struct connection* connection = NULL;
  if (shake_hands(fd, disk, &structured)) connection = begin_transmission(fd, disk, structured);
  if (connection == NULL) {
    close(fd);
    return;
  }
  connections[count++] = connection;
  polled[count] = (struct pollfd){fd, POLLIN, 0};
}

static void serve(int index) {
  struct pollfd* its = &polled[index + 1];
  if (its->revents == 0) return;
  if (continue_transmission(connections[index])) {
    its->events = waits_to_send(connections[index]) ? POLLOUT : POLLIN;
    return;
  }
  end_transmission(connections[index]);
  *its = polled[count--];
  connections[index] = connections[count];
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: floor SOCKET FILE [BUSY_POLL_US]\n");
    return 2;
  }
  struct disk disk = open_disk(argv[2]);
  uint64_t busy_us = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
  polled[0] = (struct pollfd){open_socket(argv[1]), POLLIN, 0};
  for (;;) {
    wait_for_events(busy_us);
    // Backwards, because the last connection moves into the place of one that ends.
    for (int index = count - 1; index >= 0; index--) serve(index);
    if ((polled[0].revents & POLLIN) != 0 && count < CONNECTIONS_MAX) accept_client(&disk);
  }
}
