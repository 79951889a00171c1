#pragma once

// "ENOSPC" for ENOSPC; "UNKNOWN" for a number that has no name here.
const char* errnoName(int number);
