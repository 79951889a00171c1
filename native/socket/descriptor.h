#pragma once

#include "../common/failure.h"
#include "../common/fd.h"

// The two ends of a pipe. Data that is written to one end can be read from the other.
struct Pipe {
  UniqueFd readEnd;
  UniqueFd writeEnd;
};

// Both ends are close-on-exec.
Outcome<Pipe> createPipe();

// Duplicates a descriptor. The new one is close-on-exec.
Outcome<UniqueFd> duplicate(int fd);

// True when no process can write to the pipe or socket any more, even if unread bytes are left in the pipe.
// Fails with EBADF for a number that is not an open descriptor.
Outcome<bool> isHungUp(int fd);
