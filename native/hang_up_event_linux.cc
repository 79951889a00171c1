#include <uv.h>

#include "hang_up_event.h"

// epoll tells of a hang-up whatever it is asked for, and libuv has to ask for something: urgent bytes, which
// nobody sends at the end of his stream, and who does has no business here.
const int hangUpEvent = UV_PRIORITIZED;
