// nbdkit-guardian DESCRIPTOR [PATTERN]
//
// Outlives the server, however the server dies, and then ends the command of --run with all that it started
// and removes the directory of the private socket. DESCRIPTOR is a pipe from the server, whose end means that
// the server has gone; the next number is a pipe to the server. PATTERN is for mkdtemp(3): the guardian makes
// that directory, so that there is no moment at which the directory exists and no guardian knows of it. The
// environment and all other descriptors are for the command.
//
// While a command runs there are two of these processes. The inner one is the parent of the command, adopts
// its orphans, and talks to the server. The outer one waits for the inner one, and takes over what that kept
// if it is killed. So no single SIGKILL leaves anything behind.
//
// The server asks                            the guardian answers
//   at the start, if there is a PATTERN        d PATH, or e ERRNO CALL
//   r SCRIPT    run a command                  s PID, or e ERRNO CALL
//   s SIGNAL MS send a signal to all, and      r COUNT  how many got it; 0: all are out of reach
//               SIGKILL after that time
//                                              x CODE SIGNAL LEFT  the command has ended; after a signal,
//                                              when
//                                                  all that it started has ended too; LEFT is 1 if some of it
//                                                  cannot be ended
//                                              l  the inner guardian was killed, and all has ended

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descendants.h"
#include "guarded_command.h"
#include "guardian_channel.h"
#include "private_directory.h"

namespace {

// A command whose server has gone gets SIGTERM, and SIGKILL after this time: there is nothing to flush to any
// more.
constexpr int64_t orphanGraceMs = 5000;
// SIGKILL is repeated so often, for processes that were being started, and at most for so long: the kernel
// keeps a process that waits for a broken disk.
constexpr int64_t killAgainMs = 20;
constexpr int64_t killLimitMs = 5000;

int64_t nowMs() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1000000;
}

class Guardian {
 public:
  explicit Guardian(int channel) : channel_(channel, channel + 1) {}
  void makeDirectory(const char* pattern);
  // Returns the exit status, when nothing is left to guard.
  int run();

 private:
  void receive();
  void runCommand(const char* script);
  [[noreturn]] void watch(pid_t inner);
  void passOn(const char* text);
  int end(int signal, int64_t graceMs);
  void reap();
  void commandHasEnded(int status);
  void goOnEnding();
  void finish();
  void tellStatus(int left);
  int waitMs() const;
  void waitForEvents();
  void answer(char kind, const char* format, int first, int second = 0, int third = 0);
  void refuse(const Failure& failure);

  Channel channel_;
  PrivateDirectory directory_;
  pid_t command_ = 0;
  int commandStatus_ = 0;
  bool innerWasKilled_ = false;
  bool serverHasGone_ = false;
  bool hasChildren_ = false;
  // The command and all that it started are to end; at this time, by SIGKILL.
  bool isEnding_ = false;
  int64_t deadline_ = 0;
};

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

// Signals stay blocked but for this moment, and of them only the one that tells of children.
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
  // Where that fails, only what keeps its parents can be ended.
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

// The life of the outer guardian.
void Guardian::watch(pid_t inner) {
  // Out of reach for a signal to the process group of the server, which would end the inner one as well.
  setsid();
  leaveToCommand(channel_.first());
  int status = 0;
  while (waitpid(inner, &status, 0) == -1 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) _exit(0);
  innerWasKilled_ = true;
  end(SIGTERM, orphanGraceMs);
  // Also when nothing is left: the server has to hear of it.
  isEnding_ = true;
  run();
  _exit(1);
}

void Guardian::passOn(const char* text) {
  int signal = 0;
  int graceMs = 0;
  if (sscanf(text, "%d %d", &signal, &graceMs) != 2) return;
  // When the command has ended by itself, the processes that it left are not ours to end.
  int reached = command_ > 0 || isEnding_ ? end(signal, graceMs) : 1;
  if (reached == 0) {
    // Out of reach, unless it has just ended.
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
    // Its children are seen only now, so they have not been told.
    else if (isEnding_ && !canSeeDescendants()) signalDescendants(SIGTERM);
  }
  hasChildren_ = pid == 0;
}

void Guardian::commandHasEnded(int status) {
  command_ = 0;
  commandStatus_ = status;
  // The same signal may have ended the command before the server could say so.
  if (!isEnding_ && wasAskedToEnd()) {
    isEnding_ = true;
    deadline_ = nowMs() + orphanGraceMs;
  }
  // Background jobs of a shell ignore SIGINT and SIGQUIT, but nothing may outlive a command that was told to
  // end.
  if (isEnding_) signalDescendants(SIGTERM);
  else tellStatus(0);
}

void Guardian::goOnEnding() {
  if (!isEnding_) return;
  if (hasChildren_ && command_ == 0 && countReachable() == 0) {
    // What is left belongs to another user, unless it has ended a moment ago.
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

void onChildSignal(int) {}

}  // namespace

int main(int argc, char** argv) {
  blockSignals();
  if (argc != 2 && argc != 3) {
    fputs("usage: nbdkit-guardian DESCRIPTOR [PATTERN]\n", stderr);
    return 2;
  }
  struct sigaction action {};
  // With a handler it ends a wait. The command gets the default back, as execve(2) has it.
  action.sa_handler = onChildSignal;
  sigaction(SIGCHLD, &action, nullptr);
  const int channel = atoi(argv[1]);
  if (fcntl(channel, F_SETFD, FD_CLOEXEC) != 0 || fcntl(channel + 1, F_SETFD, FD_CLOEXEC) != 0) {
    perror("nbdkit-guardian");
    return 2;
  }
  Guardian guardian(channel);
  if (argc == 3) guardian.makeDirectory(argv[2]);
  return guardian.run();
}
