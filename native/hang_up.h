#pragma once

#include "failure.h"

// True when no process can write to the pipe or socket any more, even if unread bytes are left in the pipe.
// Fails with EBADF for a number that is not an open descriptor.
Outcome<bool> isHungUp(int fd);
