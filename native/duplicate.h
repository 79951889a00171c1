#pragma once

#include "failure.h"
#include "fd.h"

// Another descriptor of the same open file or socket, for this process alone.
Outcome<UniqueFd> duplicate(int fd);
