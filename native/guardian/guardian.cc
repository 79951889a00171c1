// One loop: collect the processes that have ended, take the next step of an ending, and wait for a message or
// for the end of a process. There are two states:
//   guarding  The wait has no limit. There may be a command or none.
//   ending    (isEnding_) The command and its processes have got a signal. From the deadline on they get
//             SIGKILL, until none is left or the limit has passed. Then the guardian reports the end to the
//             server.
// The loop ends when the server has gone and nothing is ending.
//
// runCommand() forks. The child becomes the inner guardian: it starts the command and goes on with the loop.
// The process that the server started becomes the outer guardian (watch()): it runs the loop again only when
// the inner guardian was killed.

#include "guardian.h"

#include <csignal>
#include <cstdio>
#include <ctime>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "descendants.h"

namespace {

// When the server has ended, the command gets SIGTERM, and SIGKILL after this time. Nothing that the command
// could still flush would reach a disk.
constexpr int64_t orphanGraceMs = 5000;
// How often SIGKILL is repeated, for processes that were just being started, and for how long at most: the
// kernel keeps a process that waits for a broken disk.
constexpr int64_t killAgainMs = 20;
constexpr int64_t killLimitMs = 5000;

int64_t nowMs() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1000000;
}

}  // namespace

int Guardian::run() {
  for (;;) {
    reap();
    goOnEnding();
    if (serverHasGone_ && !isEnding_) return 0;
    waitForEvents();
  }
}

int Guardian::waitMs() const {
  if (!isEnding_) return -1;
  const int64_t left = deadline_ - nowMs();
  return static_cast<int>(left > killAgainMs ? left : killAgainMs);
}

// Unblocks SIGCHLD during the wait. All other signals stay blocked.
void Guardian::waitForEvents() {
  pollfd event{serverHasGone_ ? -1 : channel_.first(), POLLIN, 0};
  const int left = waitMs();
  const timespec time{left / 1000, left % 1000 * 1000000L};
  sigset_t mask;
  sigfillset(&mask);
  sigdelset(&mask, SIGCHLD);
  if (ppoll(&event, 1, left < 0 ? nullptr : &time, &mask) == 1) receive();
}

void Guardian::receive() {
  Message message;
  if (!channel_.receive(message)) {
    serverHasGone_ = true;
    directory_.remove();
    if (command_ > 0 || isEnding_) end(SIGTERM, orphanGraceMs);
    return;
  }
  if (message.kind == 'r') runCommand(message.text);
  if (message.kind == 's') passOn(message.text);
}

void Guardian::makeDirectory(const char* pattern) {
  if (const Failure failure = directory_.make(pattern)) refuse(failure);
  else channel_.send('d', directory_.path());
}

void Guardian::runCommand(const char* script) {
  // If this fails, only processes that keep their parents can be ended.
  adoptOrphans();
  const pid_t inner = fork();
  if (inner == -1) return refuse(lastFailure("fork"));
  if (inner > 0) watch(inner);
  adoptOrphans();
  const Outcome<pid_t> started = startCommand(script);
  leaveToCommand(channel_.first());
  if (started.failure) return refuse(started.failure);
  command_ = started.value;
  answer('s', "%d", command_);
}

// The outer guardian: waits for the end of the inner one.
void Guardian::watch(pid_t inner) {
  // Leaves the server's process group, so that a SIGKILL to the group does not end the outer guardian as
  // well.
  setsid();
  leaveToCommand(channel_.first());
  int status = 0;
  while (waitpid(inner, &status, 0) == -1 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) _exit(0);
  innerWasKilled_ = true;
  end(SIGTERM, orphanGraceMs);
  // Also when no process is left: the server must get the message that the inner guardian was killed.
  isEnding_ = true;
  run();
  _exit(1);
}

void Guardian::passOn(const char* text) {
  int signal = 0;
  int graceMs = 0;
  if (sscanf(text, "%d %d", &signal, &graceMs) != 2) return;
  // When the command has ended by itself, the processes that it left behind must not be ended.
  int reached = command_ > 0 || isEnding_ ? end(signal, graceMs) : 1;
  if (reached == 0) {
    // We may not signal the command, unless it has just ended.
    reap();
    if (command_ == 0) reached = 1;
  }
  answer('r', "%d", reached);
}

int Guardian::end(int signal, int64_t graceMs) {
  const int reached = signalDescendants(signal);
  if (reached == 0) return 0;
  const int64_t deadline = nowMs() + (signal == SIGKILL ? 0 : graceMs);
  if (!isEnding_ || deadline < deadline_) deadline_ = deadline;
  isEnding_ = true;
  return reached;
}

void Guardian::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == command_) commandHasEnded(status);
    // The children of an ended process have just become visible, so they have not got SIGTERM yet.
    else if (isEnding_ && !canSeeDescendants()) signalDescendants(SIGTERM);
  }
  hasChildren_ = pid == 0;
}

void Guardian::commandHasEnded(int status) {
  command_ = 0;
  commandStatus_ = status;
  // The signal that ended the command may have reached the whole group before the server could send a
  // request.
  if (!isEnding_ && wasAskedToEnd()) {
    isEnding_ = true;
    deadline_ = nowMs() + orphanGraceMs;
  }
  // Background jobs of a shell ignore SIGINT and SIGQUIT, so send SIGTERM: no process may outlive a command
  // that was ended by a signal.
  if (isEnding_) signalDescendants(SIGTERM);
  else tellStatus(0);
}

void Guardian::goOnEnding() {
  if (!isEnding_) return;
  if (hasChildren_ && command_ == 0 && countReachable() == 0) {
    // The processes that are left belong to another user, unless they have just ended.
    reap();
    return finish();
  }
  if (!hasChildren_ || nowMs() >= deadline_ + killLimitMs) return finish();
  if (nowMs() >= deadline_) signalDescendants(SIGKILL);
}

void Guardian::finish() {
  isEnding_ = false;
  if (command_ > 0) commandStatus_ = SIGKILL;
  command_ = 0;
  if (innerWasKilled_) channel_.send('l', "");
  else tellStatus(hasChildren_ ? 1 : 0);
}

void Guardian::tellStatus(int left) {
  const int status = commandStatus_;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  answer('x', "%d %d %d", code, signal, left);
}

void Guardian::answer(char kind, const char* format, int first, int second, int third) {
  char text[64];
  snprintf(text, sizeof text, format, first, second, third);
  channel_.send(kind, text);
}

void Guardian::refuse(const Failure& failure) {
  char text[64];
  snprintf(text, sizeof text, "%d %s", failure.number, failure.call);
  channel_.send('e', text);
}
