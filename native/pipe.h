#pragma once

#include "failure.h"
#include "fd.h"

// Both ends of a pipe; what is written into one can be read from the other.
struct Pipe {
  UniqueFd readEnd;
  UniqueFd writeEnd;
};

// Neither end reaches the programs that we start, unless it is passed on.
Outcome<Pipe> createPipe();
