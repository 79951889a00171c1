#include "signal_watchdog.h"

#include <csignal>
#include <ctime>
#include <unistd.h>

#include "../file/temporary_folder.h"

// Node.js's handlers, in memory that a signal handler may use.
static struct sigaction handlersOfNode[NSIG];
static volatile sig_atomic_t patienceSeconds;
// When the first signal arrived that JavaScript has not acknowledged yet. 0 when there is none.
static volatile time_t unheardSince;

// A program that ends a process group and its parent with it sends two signals. They count as one request.
static constexpr time_t burstSeconds = 1;

// Seconds plus 1: 0 in `unheardSince` means that there is no signal, and the clock may begin at 0.
static time_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1;
}

static void onSignal(int number) {
  const time_t time = now();
  if (unheardSince == 0) {
    unheardSince = time;
    // SIGALRM has no handler, so the kernel ends the process.
    alarm(static_cast<unsigned>(patienceSeconds));
  } else if (time - unheardSince > burstSeconds) {
    signal(number, SIG_DFL);
    raise(number);
  }
  handlersOfNode[number].sa_handler(number);
}

Failure armWatchdog(int number, int seconds) {
  if (number <= 0 || number >= NSIG) return {EINVAL, "sigaction"};
  patienceSeconds = seconds;
  if (sigaction(number, nullptr, &handlersOfNode[number]) != 0) return lastFailure("sigaction");
  struct sigaction action = handlersOfNode[number];
  action.sa_handler = onSignal;
  return sigaction(number, &action, nullptr) == 0 ? Failure{} : lastFailure("sigaction");
}

Failure resetWatchdog(int seconds) {
  alarm(static_cast<unsigned>(seconds));
  unheardSince = 0;
  return {};
}

Failure exitNow(int status) {
  removeTemporaryFolders();
  _exit(status);
}
