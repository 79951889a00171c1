#include "pipe.h"

#include "nonblocking.h"

Outcome<Pipe> createPipe() {
  int ends[2];
  if (newPipe(ends) < 0) return {{}, lastFailure("pipe")};
  return {{UniqueFd(ends[0]), UniqueFd(ends[1])}, {}};
}
