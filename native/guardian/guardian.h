#pragma once

#include <cstdint>
#include <sys/types.h>

#include "../common/failure.h"
#include "channel.h"
#include "private_directory.h"

// While a command runs there are two guardian processes. The inner one is the parent of the command, adopts
// the command's orphans, and talks to the server. The outer one waits for the inner one, and takes over its
// descendants if the inner one is killed. So no single SIGKILL leaves processes or files behind.
//
// The server requests                        the guardian answers
//   at the start, if there is a PATTERN        d PATH, or e ERRNO CALL
//   r SCRIPT    run a command                  s PID, or e ERRNO CALL
//   s SIGNAL MS send a signal to all, and      r COUNT  how many got it; 0: no permission for any of them
//               SIGKILL after that time
//                                              x CODE SIGNAL LEFT  the command has ended; after a signal: all
//                                              processes that it started have ended too; LEFT is 1 if some of
//                                              them cannot be ended
//                                              l  the inner guardian was killed, and all processes have ended
class Guardian {
 public:
  explicit Guardian(int channel) : channel_(channel, channel + 1) {}
  void makeDirectory(const char* pattern);
  // Returns the exit status when nothing is left to guard.
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
  // True when the command and all processes that it started must end. SIGKILL is sent at this time.
  bool isEnding_ = false;
  int64_t deadline_ = 0;
};
