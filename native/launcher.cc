// nbdkit-launcher PARENT SCRIPT [ARGUMENT...]
//
// Becomes `node SCRIPT ARGUMENT...`, without Node's debugger (debugger.h), and after arming exit-with-parent
// if an argument asks for it. Node needs tens of milliseconds to reach our first line, in which a dying
// parent would leave an orphan; what is armed here stays armed over exec. PARENT is the parent's process id
// as bin/nbdkit saw it. SCRIPT learns what happened from
// NBDKIT_LAUNCHED=PARENT:ARMED:SUPPORTED:DESCRIPTORS:LIMIT, where the second and third are 0 or 1, the fourth
// are the numbers of what we inherited beyond stderr, each with a comma, and the last is how many descriptors
// we may have open; once Node runs, they cannot be told from its own any more.

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "debugger.h"
#include "launcher_options.h"
#include "parent_death.h"

static bool arm(pid_t parent, char** arguments) {
  return canExitWithParent && wantsExitWithParent(arguments) && !armParentDeathOverExec(parent);
}

// A process is born into the session of its parent. One that neither has the session of `parent` nor began
// its own was adopted: who started it ended before even the shell that ran bin/nbdkit could look.
static bool wasAdoptedBy(pid_t parent) {
  const pid_t session = getsid(0);
  const pid_t parentSession = getsid(parent);
  return parentSession != -1 && session != parentSession && session != getpid();
}

// Shells can name only the first ten, and programs that pass more start low.
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

// Returns only if it cannot be done. @param argv with two places before SCRIPT
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
  // The parent ended before we were armed. So do we, as nothing has been started.
  if (armed && (getppid() != parent || wasAdoptedBy(parent))) return 1;

  tellScript(parent, armed);
  becomeNode(argv);
  perror("nbdkit: cannot run node");
  return 127;
}
