#pragma once

#include "failure.h"

// A signal that asks the process to end is heard by JavaScript, which may be busy for ever. From now on one
// that is not heard within `seconds`, or before it is sent once more, ends the process nevertheless (by
// SIGALRM, or by itself). To be called when Node has its own handler for the signal.
Failure endUnlessHeard(int signal, int seconds);
// JavaScript has heard: what follows is up to it.
Failure signalHeard();
