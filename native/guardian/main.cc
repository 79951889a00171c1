// nbdkit-guardian DESCRIPTOR [PATTERN]
//
// Outlives the server, however the server dies. It then ends the command of --run with all processes that the
// command started, and removes the directory of the private socket. DESCRIPTOR is a pipe from the server; end
// of file on the pipe means that the server has ended. DESCRIPTOR+1 is a pipe to the server. PATTERN is for
// mkdtemp(3): the guardian creates the directory itself, so there is no moment at which the directory exists
// and no guardian knows of it. The command inherits the environment and all other descriptors.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>

#include "command.h"
#include "guardian.h"

static void onChildSignal(int) {}

int main(int argc, char** argv) {
  blockSignals();
  if (argc != 2 && argc != 3) {
    fputs("usage: nbdkit-guardian DESCRIPTOR [PATTERN]\n", stderr);
    return 2;
  }
  struct sigaction action {};
  // A handler makes SIGCHLD interrupt a wait. execve(2) resets the handler to the default for the command.
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
