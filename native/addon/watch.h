#pragma once

#include <napi.h>

// Adds two functions to the exports.
//
// new Watch(fd, callback(readable: boolean, writable: boolean, left: boolean)) calls back while the
// descriptor is ready for the events that `want(readable, writable, end, hangUp)` selected. `left` reports
// both `end` (the peer sends no more) and `hangUp` (the peer does not receive either). `close()` stops the
// watch. The caller still owns the descriptor.
//
// setBusyPoll(microseconds) sets how long this event loop polls after an event before it sleeps. 0 turns that
// off.
void addWatch(Napi::Env env, Napi::Object exports);
