#pragma once

#include "failure.h"

// Whether nobody can write to a pipe or socket any more, whatever still waits in it to be read.
// EBADF for a number that is no open descriptor.
Outcome<bool> isHungUp(int fd);
