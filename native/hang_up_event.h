#pragma once

// The libuv event mask that reports only that a socket is closed in both directions. 0 where the system
// cannot report that.
extern const int hangUpEvent;
