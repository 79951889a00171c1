// nbdkit-launcher PARENT SCRIPT [ARGUMENT...]
//
// Becomes `node SCRIPT ARGUMENT...`, without Node.js's debugger (debugger.h). If an argument asks for
// --exit-with-parent, it first arms the parent-death signal. Node.js needs tens of milliseconds until our
// first line runs, and a parent that dies in that time would leave an orphan. The armed signal survives exec.
// PARENT is the parent's process id as bin/nbdkit read it.
//
// SCRIPT gets the result in NBDKIT_LAUNCHED=PARENT:ARMED:SUPPORTED:DESCRIPTORS:LIMIT. ARMED and SUPPORTED are
// 0 or 1. DESCRIPTORS are the numbers of the inherited descriptors beyond stderr, each followed by a comma.
// LIMIT is the limit of open descriptors. After Node.js has started, inherited descriptors and the original
// limit cannot be distinguished from Node.js's own.

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../process/parent_death.h"
#include "debugger.h"
#include "options.h"

static bool arm(pid_t parent, char** arguments) {
  return canExitWithParent && wantsExitWithParent(arguments) && !armParentDeathOverExec(parent);
}

// A process starts in the session of its parent. A process that neither shares the session of `parent` nor
// leads its own session was adopted: its original parent ended before the shell that runs bin/nbdkit read
// $PPID.
static bool wasAdoptedBy(pid_t parent) {
  const pid_t session = getsid(0);
  const pid_t parentSession = getsid(parent);
  return parentSession != -1 && session != parentSession && session != getpid();
}

// Shells can name only the first ten descriptors, and other programs pass low numbers too.
static constexpr int lastDescriptor = 200;

static void tellScript(pid_t parent, bool armed) {
  char facts[1024];
  int used = snprintf(facts, sizeof facts, "%ld:%d:%d:", static_cast<long>(parent), armed ? 1 : 0,
                      canExitWithParent ? 1 : 0);
  for (int fd = STDERR_FILENO + 1; fd <= lastDescriptor; fd++) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags == -1 || (flags & FD_CLOEXEC) != 0) continue;
    used += snprintf(facts + used, sizeof facts - static_cast<size_t>(used), "%d,", fd);
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  snprintf(facts + used, sizeof facts - static_cast<size_t>(used), ":%llu",
           static_cast<unsigned long long>(limit.rlim_cur));
  setenv("NBDKIT_LAUNCHED", facts, 1);
}

// Returns only on failure. @param argv has two free places before SCRIPT
static void becomeNode(char** argv) {
  static char node[] = "node";
  const bool debugger = isDebuggerWanted(argv + 3);
  argv[1] = debugger ? node : const_cast<char*>(noDebugger);
  argv[0] = node;
  execvp(node, debugger ? argv + 1 : argv);
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fputs("usage: nbdkit-launcher PARENT SCRIPT [ARGUMENT...]\n", stderr);
    return 2;
  }
  const pid_t parent = atoi(argv[1]);
  const bool armed = arm(parent, argv + 3);
  // The parent ended before the signal was armed. End as well: nothing has been started yet.
  if (armed && (getppid() != parent || wasAdoptedBy(parent))) return 1;

  tellScript(parent, armed);
  becomeNode(argv);
  perror("nbdkit: cannot run node");
  return 127;
}
