#pragma once

// The argument for Node with which its debugger cannot start: it would listen on a multicast address, and the
// system has no TCP there.
//
// Node starts its debugger, in which any user of this machine can run code, at SIGUSR1: also at one that
// comes before our first line, since Node keeps the signal until it has its handler for it. Node 20 has no
// option against that.
extern const char noDebugger[];

// Whether the user who runs this asked for the debugger in NODE_OPTIONS, and stays the only one concerned:
// not for a server that becomes another user or group, or that runs as root for another user (sudo, pkexec,
// doas).
bool isDebuggerWanted(const char* const* arguments);
