#pragma once

// What to ask libuv for to hear of nothing but that a socket is closed both ways; 0 where it cannot tell.
extern const int hangUpEvent;
