#include "allow_discards.h"

// Only Linux refuses madvise(2) in locked memory.
Failure allowDiscards() { return {}; }
