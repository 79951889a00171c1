#pragma once

#include "../common/failure.h"

// The signal watchdog. Only JavaScript can handle a signal that asks the process to end, and JavaScript may
// be busy for ever.
//
// armWatchdog() ends the process when JavaScript has not acknowledged the signal within `seconds`
// (SIGALRM), or when the signal arrives again before that. Call it after Node.js has installed its own
// handler for the signal.
Failure armWatchdog(int signal, int seconds);
// Acknowledges the signal. JavaScript must acknowledge again within `seconds`, or SIGALRM ends the process. 0
// stops the watchdog.
Failure resetWatchdog(int seconds);
// Ends the process immediately, without waiting for its threads.
Failure exitNow(int status);
