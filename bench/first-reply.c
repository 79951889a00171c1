// Measures the time from the execution of a server to its first replies, with a client that already waits.
//
//   first-reply SOCKET PROGRAM ARGS...     PROGRAM must support socket activation
//
// Prints the microseconds until the first byte (the first of the greeting) and until the end of the first
// read.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  FIRST_DESCRIPTOR = 3,  // The first one that socket activation passes
  LISTEN_FDS_MAX_CHARS = 16,
  TIME_LIMIT_S = 20,
  READ_BYTES = 512,
  // The greeting, the size and flags of the export, and a simple reply with its data.
  ANSWER_BYTES = 18 + 10 + 16 + READ_BYTES,
};

// Everything that the client sends: its flags, EXPORT_NAME "", and a read of the first sector.
static const char questions[] =
    "\0\0\0\3"
    "IHAVEOPT\0\0\0\1\0\0\0\0"
    "\x25\x60\x95\x13\0\0\0\0COOKIE..\0\0\0\0\0\0\0\0\0\0\2\0";

static void die(const char* what) {
  fprintf(stderr, "first-reply: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

static pid_t start(int listening, char** command) {
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid > 0) return pid;
  char number[LISTEN_FDS_MAX_CHARS];
  snprintf(number, sizeof number, "%d", (int)getpid());
  if (setenv("LISTEN_PID", number, 1) != 0 || setenv("LISTEN_FDS", "1", 1) != 0) die("setenv");
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (dup2(listening, FIRST_DESCRIPTOR) < 0) die("dup2");
  execvp(command[0], command);
  die(command[0]);
  return -1;
}

static int64_t until_received(int fd, size_t length, size_t* received) {
  char buffer[ANSWER_BYTES];
  while (*received < length) {
    ssize_t got = recv(fd, buffer, sizeof buffer - *received, 0);
    if (got == 0) errno = ECONNRESET;
    if (got <= 0) die("waiting for an answer");
    *received += got;
  }
  return now_us();
}

int main(int argc, char** argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc < 3) {
    fprintf(stderr, "usage: first-reply SOCKET PROGRAM ARGS...\n");
    return 2;
  }
  strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
  // The server inherits only the listening socket.
  int listening = socket(AF_UNIX, SOCK_STREAM, 0);
  int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const struct sockaddr* to = (struct sockaddr*)&address;
  unlink(argv[1]);
  if (bind(listening, to, sizeof address) != 0 || listen(listening, 1) != 0) die(argv[1]);
  if (connect(client, to, sizeof address) != 0) die(argv[1]);
  if (send(client, questions, sizeof questions - 1, 0) < 0) die("send");
  alarm(TIME_LIMIT_S);

  size_t received = 0;
  int64_t start_us = now_us();
  pid_t server = start(listening, argv + 2);
  int64_t first_byte_us = until_received(client, 1, &received);
  int64_t first_read_us = until_received(client, ANSWER_BYTES, &received);
  printf("%lld %lld\n", (long long)(first_byte_us - start_us), (long long)(first_read_us - start_us));

  close(client);
  kill(server, SIGTERM);
  waitpid(server, NULL, 0);
  unlink(argv[1]);
  return 0;
}
