#include "hang_up_event.h"

const int hangUpEvent = 0;
