#include <uv.h>

#include "hang_up_event.h"

// epoll reports a hang-up for every event mask, but libuv needs a mask that is not empty. So ask for urgent
// data (UV_PRIORITIZED), which NBD clients never send.
const int hangUpEvent = UV_PRIORITIZED;
