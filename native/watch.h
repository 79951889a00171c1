#pragma once

#include <napi.h>

// Adds to the exports:
// new Watch(fd, callback(readable: boolean, writable: boolean, left: boolean)): calls back while the
// descriptor is ready for what `want(readable, writable, end, hangUp)` asked for; `close()` ends it. The
// descriptor stays the caller's. `left` is for both `end`, when the peer sends no more, and `hangUp`, when it
// takes nothing either. setBusyPoll(microseconds): how long this loop goes on looking after something came,
// before it sleeps; 0 for not.
void addWatch(Napi::Env env, Napi::Object exports);
