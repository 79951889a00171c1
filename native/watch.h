#pragma once

#include <napi.h>

// Adds to the exports:
// new Watch(fd, callback(readable: boolean, writable: boolean)): calls back while the descriptor is ready for
// what `want(readable, writable)` asked for; `close()` ends it. The descriptor stays the caller's.
// setBusyPoll(microseconds): how long this loop goes on looking after something came, before it sleeps; 0 for
// not.
void addWatch(Napi::Env env, Napi::Object exports);
