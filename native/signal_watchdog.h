#pragma once

#include "failure.h"

// A signal that asks the process to end is heard by JavaScript, which may be busy for ever. From now on one
// that is not heard within `seconds`, or before it is sent once more, ends the process nevertheless (by
// SIGALRM, or by itself). To be called when Node has its own handler for the signal.
Failure endUnlessHeard(int signal, int seconds);
// JavaScript has heard, and is going to say so again within `seconds`, or the process ends (by SIGALRM). 0:
// what follows is up to it.
Failure signalHeard(int seconds);
// Ends the process now, and waits for none of its threads.
Failure exitNow(int status);
