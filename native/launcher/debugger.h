#pragma once

// The Node.js argument that prevents the debugger from starting. It tells the debugger to listen on a
// multicast address, where no system supports TCP.
//
// Node.js starts its debugger at SIGUSR1, and with the debugger any user of this machine can run code in the
// process. A SIGUSR1 that arrives before our first line of JavaScript also starts the debugger, because
// Node.js keeps the signal until its handler is installed. Node.js 20 has no option to turn this off.
extern const char noDebugger[];

// True when NODE_OPTIONS asks for the debugger and only the user who runs this process is affected. False for
// a server that changes its user or group, and for one that runs as root on behalf of another user (sudo,
// pkexec, doas).
bool isDebuggerWanted(const char* const* arguments);
