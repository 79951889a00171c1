#pragma once

#include "failure.h"
#include "fd.h"

// The two ends of a pipe. Data that is written to one end can be read from the other.
struct Pipe {
  UniqueFd readEnd;
  UniqueFd writeEnd;
};

// Both ends are close-on-exec.
Outcome<Pipe> createPipe();
