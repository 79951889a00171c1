#include "command.h"

#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include "../common/fd.h"
#include "../process/parent_death.h"

void blockSignals() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, nullptr);
}

// While this process group owns the terminal, signals of terminal keys and signals from kill(2) look the
// same.
static bool hasTerminal() {
  const UniqueFd terminal(open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY));
  return terminal && tcgetpgrp(terminal.get()) == getpgrp();
}

bool wasAskedToEnd() {
  sigset_t pending;
  if (sigpending(&pending) != 0) return false;
  if (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGHUP) == 1) return true;
  if (sigismember(&pending, SIGINT) != 1 && sigismember(&pending, SIGQUIT) != 1) return false;
  return !hasTerminal();
}

[[noreturn]] static void becomeCommand(const char* script, pid_t parent, int report) {
  armParentDeathOverExec(parent);
  if (getppid() != parent) _exit(1);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execl("/bin/sh", "/bin/sh", "-c", script, static_cast<char*>(nullptr));
  const int number = errno;
  // If the write fails, the exit status shows that no command was run.
  if (write(report, &number, sizeof number) != sizeof number) _exit(126);
  _exit(127);
}

Outcome<pid_t> startCommand(const char* script) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return {0, lastFailure("pipe2")};
  const UniqueFd reading(report[0]);
  UniqueFd writing(report[1]);
  const pid_t self = getpid();
  const pid_t pid = fork();
  if (pid == -1) return {0, lastFailure("fork")};
  if (pid == 0) becomeCommand(script, self, writing.get());
  writing = UniqueFd();
  int number = 0;
  // When exec succeeds, the pipe closes without data.
  while (read(reading.get(), &number, sizeof number) == -1 && errno == EINTR) {
  }
  if (number != 0) return {0, failureOf("execve", number)};
  return {pid, {}};
}

void leaveToCommand(int limit) {
  const UniqueFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (nothing) dup2(nothing.get(), fd);
    else close(fd);
  }
  for (int fd = STDERR_FILENO + 1; fd < limit; fd++) {
    // The guardian's own descriptors are close-on-exec and stay open.
    const int flags = fcntl(fd, F_GETFD);
    if (flags != -1 && (flags & FD_CLOEXEC) == 0) close(fd);
  }
  if (chdir("/") != 0) return;
}
