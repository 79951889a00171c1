#pragma once

// The name of an errno, such as "ENOSPC". "UNKNOWN" for a number that is not in the table.
const char* errnoName(int number);
