#pragma once

#include <napi.h>

// new Watch(fd, callback(readable: boolean, writable: boolean)): calls back while the descriptor is ready for
// what `want(readable, writable)` asked for; `close()` ends it. The descriptor stays the caller's.
Napi::Function watchClass(Napi::Env env);
